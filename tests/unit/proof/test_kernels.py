"""What is compiled does what a few plain lines say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.proof.hash_table import OTHER, HashTable
from masking.proof.kinds import Kind
from masking.proof.raw_values import Gathered
from masking.proof.search import Copies, search
from masking.proof.shapes import ShapeCounts, count_shapes
from masking.proof.words import WordKey, words_of
from masking.proof.writing import gather

KEY = WordKey.drawn()
# Compiled when first called, which takes a while.
kernel = settings(deadline=None, max_examples=300)

ROWS = st.lists(st.lists(st.text("ab1 2@-é.", max_size=12), min_size=3, max_size=3), max_size=6)


def _block(rows: list[list[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


@kernel
@given(ROWS, st.integers(0, 2))
def test_words_are_letters_and_digits_on_end(rows: list[list[str]], first_value: int) -> None:
    block = _block(rows)
    words = words_of(block, KEY, first_value=first_value)
    plain = list(re.finditer(rb"[0-9A-Za-z\x80-\xff]+", block))
    assert words.starts.tolist() == [word.start() for word in plain]
    assert words.lengths.tolist() == [len(word[0]) for word in plain]
    assert words.digits.tolist() == [len(re.findall(rb"[0-9]", word[0])) for word in plain]
    assert words.values.tolist() == [
        first_value + len(re.findall(rb"[\t\n]", block[: word.start()])) for word in plain
    ]
    assert [bool(flag) for flag in words.beside_at] == [
        b"@" in before(block[: word.start()]) or b"@" in behind(block[word.end() :]) for word in plain
    ]
    by_text = {word[0]: int(sum_) for word, sum_ in zip(plain, words.hashes, strict=True)}
    assert len(set(by_text.values())) == len(by_text)
    assert [by_text[word[0]] for word in plain] == words.hashes.tolist()


def before(text: bytes) -> bytes:
    """What is between the last word, or the beginning of the value, and here."""
    return re.split(rb"[0-9A-Za-z\x80-\xff\t\n]", text)[-1]


def behind(text: bytes) -> bytes:
    return re.split(rb"[0-9A-Za-z\x80-\xff\t\n]", text)[0]


@kernel
@given(st.lists(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 3)), max_size=40), max_size=4))
def test_a_table_of_hashes_is_a_dictionary_that_keeps_the_lowest_origin(
    batches: list[list[tuple[int, int]]],
) -> None:
    # Neighbours share a slot, and begin at the last one.
    spread = [(1 << 64) - number * 3 for number in range(51)]
    table, plain = HashTable(), dict[int, int]()
    for batch in batches:
        hashes = [spread[number] for number, _ in batch]
        is_new = table.add(
            np.array(hashes, dtype=np.uint64), np.array([o for _, o in batch], dtype=np.uint32)
        )
        for one, (_, origin), new in zip(hashes, batch, is_new, strict=True):
            assert new == (one not in plain)
            plain[one] = min(origin, plain.get(one, origin))
    assert len(table) == len(plain)
    asked = np.array(spread[1:], dtype=np.uint64)
    assert table.origins(asked).tolist() == [plain.get(one, -1) for one in spread[1:]]


def test_a_table_of_hashes_grows_and_all_of_it_passes_its_filter() -> None:
    hashes = np.random.default_rng(3).integers(1, 1 << 63, 100_000).astype(np.uint64)
    table = HashTable()
    for part in np.array_split(hashes, 7):
        table.add(part, np.zeros(len(part), dtype=np.uint32))
    assert (table.origins(hashes) == 0).all()
    made = table.filter()
    for places in (hashes >> made.shift, (hashes * OTHER) >> made.shift):
        bits = made.bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)
        assert (bits & 1).all()


# Few words, so that what is searched for is there often, and nearly there more often.
WORDS = (
    "kayla",
    "Martin",
    "x1",
    "ab1234",
    "de89",
    "3704",
    "0044",
    "12",
    "123",
    "555",
    "4567",
    "1212",
    "2125554567",
)
TEXT = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from((" ", "-", "@", ".", "", ", "))), max_size=8
).map(lambda parts: "".join(word + gap for word, gap in parts))
KINDS: tuple[Kind, ...] = (
    *("e-mail address", "phone number", "id", "IBAN", "token"),
    *("user name", "street and number", "value", "text"),
)
USUAL = {
    *((3, 4), (3, 2, 4), (3, 3, 3), (3, 3, 4), (3, 7), (1, 3, 3, 4)),
    *((4, 4, 4), (2, 3, 3, 4), (4, 6, 5), (4, 4, 4, 4)),
}


def _words(value: str) -> list[str]:
    return re.findall(r"[0-9a-z]+", value.lower())


def _identifies(value: str, kind: Kind) -> bool:
    """docs/proof.md, "Identifying" and "Too short to tell"."""
    words = _words(value)
    text = "".join(words)
    if not 1 <= len(words) <= 12 or len(text) < 6:
        return False
    number = text.isdigit()
    mixed = not number and bool(re.search("[0-9]", text))
    address, code, long = "@" in value and len(words) > 1, mixed and len(text) >= 8, number and len(text) >= 7
    unnamed = number and len(text) >= 9 and len(words) <= 4
    return {
        "e-mail address": len(words) > 1,
        "phone number": long or code,
        "id": address or code or long,
        "IBAN": address or code or long,
        "token": code or len(text) >= 16,
        "user name": not number or long,
        "street and number": len(words) > 1 and mixed,
        "value": address or unnamed or (code and len(words) == 1),
        "text": address or unnamed,
    }[kind]


def _ways(value: str, kind: Kind) -> set[tuple[str, tuple[int, ...] | int | None]]:
    """How a value may be written: its text, and in how many words, or in which groups, if any will do: None."""
    words = _words(value)
    text = "".join(words)
    if text.isdigit():
        ways: set[tuple[str, tuple[int, ...] | int | None]] = {(text, None), (text, tuple(map(len, words)))}
        if kind == "phone number" and len(text) == 10:
            ways.add(("1" + text, None))
        if kind == "phone number" and len(text) > 10:
            ways.add((text[-10:], None))
        return ways
    ways = {(text, len(words))}
    if (
        kind in ("id", "IBAN", "token", "user name", "value")
        and "@" not in value
        and re.search("[0-9]", text)
    ):
        if len(words) > 1 and len(text) >= 8:
            ways.add((text, 1))
        if kind == "IBAN" and 5 <= len(text) <= 52:
            ways.add((text, -(-len(text) // 4)))
    return ways


def _holds(value: str, ways: set[tuple[str, tuple[int, ...] | int | None]]) -> bool:
    words = _words(value)
    for first in range(len(words)):
        for last in range(first + 1, min(first + 13, len(words)) + 1):
            run = words[first:last]
            text, groups = "".join(run), tuple(map(len, run))
            if text.isdigit():
                if (text, groups) in ways or ((text, None) in ways and (len(run) == 1 or groups in USUAL)):
                    return True
            elif (text, len(run)) in ways and len(text) >= 6:
                return True
    return False


@kernel
@given(st.lists(TEXT, max_size=6), st.sampled_from(KINDS), st.lists(TEXT, max_size=6))
def test_a_copy_is_a_run_of_words_that_a_value_may_be_written_as(
    values: list[str], kind: Kind, kept: list[str]
) -> None:
    gathered = Gathered(KEY, {"public.users.it": kind})
    gather("".join(f"{value}\n" for value in values).lower().encode(), [kind], [0], gathered)
    raw = gathered.raw_values()
    identifying = [value for value in values if _identifies(value, kind)]
    assert raw.counts == (len(identifying),)
    copies = Copies()
    search(words_of("".join(f"{value}\n" for value in kept).lower().encode(), KEY), raw, 1, copies)
    ways = set().union(*(_ways(value, kind) for value in identifying))
    expected = sum(_holds(value, ways) for value in kept)
    # A value may hold one number without a gap and another in groups; it is found as both.
    assert (
        max((count for count in copies.found.values()), default=0) <= expected <= sum(copies.found.values())
    )
    assert bool(copies.found) == bool(expected)
    numbers = Counter(len(word) for value in kept for word in _words(value) if word.isdigit())
    assert dict(copies.numbers) == {
        (0, length): count for length, count in numbers.items() if length in raw.densities and length >= 7
    }


SHAPES = {
    "212-736-5000": "phone",
    "4539-1488-0343-6467": "card",
    "123-45-6789": "ssn",
    "DE89370400440532013000": "iban",
    "ghp_" + "a1" * 20: "api_token",
    "AKIA" + "A1" * 8: "api_token",
    "+41 44 668 18 00": "phone",
}
NO_CARD = "45391488034364670"
HARMLESS = ("212-555-0134", "3714-496353-98431", NO_CARD, "de89", "x", "1", " ")


@kernel
@given(st.lists(st.sampled_from((*SHAPES, *HARMLESS)), max_size=12))
def test_a_shape_is_found_among_other_things_wherever_it_stands(parts: list[str]) -> None:
    block = "".join(f"{part}\n" for part in parts).encode()
    counts = ShapeCounts()
    count_shapes(block, words_of(block, KEY), 1, counts)
    expected = Counter(SHAPES[part] for part in parts if part in SHAPES)
    assert {shape: count for (_, shape), count in counts.found.items()} == expected
    assert counts.bare_numbers.get(0, 0) == parts.count(NO_CARD)


def test_what_decides_about_data_doesnt_load_the_compiler() -> None:
    script = "import sys, masking.proof.literals, masking.proof.writing; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])
