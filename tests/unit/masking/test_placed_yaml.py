"""How ``policy.yaml`` is read: by libyaml or by Python, alike, and always as YAML 1.2."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from masking.policy import placed_yaml
from masking.policy.placed_yaml import PlacedList, PlacedMapping, load

_WORDS = ("no", "012", "1.5", "&a ", "*a", "<<: ", "http://x", "x:y", "!!str ", "2020-01-01")
_SIGNS = (*"\n ~=é😀{}[]t1'\"", "\n  ", "\n    ", ": ", "- ", "? ", ", ", " # c", "''", "\\n", "|\n", ">-\n")
_PIECES = st.sampled_from([*_WORDS, *_SIGNS])


def _with_places(value: Any) -> Any:
    if isinstance(value, PlacedMapping):
        return value.place, [(key, value.places.get(key), _with_places(item)) for key, item in value.items()]
    if isinstance(value, PlacedList):
        return list(zip(value.places, map(_with_places, value), strict=True))
    return type(value), str(value)


@given(st.lists(_PIECES, max_size=20).map("".join))
def test_what_libyaml_takes_python_reads_alike(text: str) -> None:
    text = "tables:\n  " + text
    try:
        by_libyaml = placed_yaml._loader(pure=False).load(text)
        by_python = placed_yaml._loader(pure=True).load(text)
    except YAMLError:
        return
    if "!!" not in text:  # to libyaml, a value begins behind its tag
        assert _with_places(by_libyaml) == _with_places(by_python)


def test_libyaml_is_there() -> None:
    assert placed_yaml._loader(pure=False).Parser is not placed_yaml._loader(pure=True).Parser


def test_words_and_numbers_are_those_of_yaml_1_2() -> None:
    text = "[no, off, yes, on, 1:30, 012, 0o17, true, ~, =]"
    assert load(text) == ["no", "off", "yes", "on", "1:30", 12, 15, True, None, "="]
    assert load("%YAML 1.1\n---\n[no, yes]") == [False, True]


@pytest.mark.parametrize("text", ["{url: http://example.com}", '{"a":1}'])
def test_what_libyaml_refuses_is_read_all_the_same(text: str) -> None:
    assert len(load(text)) == 1


def test_places_count_characters() -> None:
    found = load("é: {ü: 1,\n  ß: [x, '😀', y]}")
    assert found.places == {"é": (0, 0)}
    assert found["é"].places == {"ü": (0, 4), "ß": (1, 2)}
    assert found["é"]["ß"].places == [(1, 6), (1, 9), (1, 14)]


@pytest.mark.parametrize(
    "text", ["{a: 1, a: 2}", "x: &x {b: 1}\ny: {<<: *x, a: 1, a: 2}", "{[[]]: 1}", "{{a: 1}: 1}"]
)
def test_a_key_stands_once_and_can_be_compared(text: str) -> None:
    with pytest.raises(YAMLError, match=r"duplicate key|unhashable key"):
        load(text)


def test_an_own_key_wins_over_one_that_is_taken_over() -> None:
    found = load("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}")["y"]
    assert found == {"a": 1, "b": 3}
    assert found.places == {"b": (1, 12)}


def test_nothing_holds_itself() -> None:
    assert load("a: &a\n  b: *a") == {"a": {"b": None}}
