"""Copies of raw values, in whatever dress they stand elsewhere."""

from __future__ import annotations

import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.proof.blocks import blocks_of
from masking.proof.escapes import folded, undressed
from masking.proof.findings import ByChance, Found, copies_by_chance, of_copies
from masking.proof.kinds import Kind
from masking.proof.raw_values import Gathered, RawValues, TooManyRawValues
from masking.proof.report import explained
from masking.proof.search import Copies, search
from masking.proof.shapes import ShapeCounts
from masking.proof.words import BLOCK_BYTES, WordKey, words_of
from masking.proof.writing import gather


def _raw(*values: str, kind: Kind) -> RawValues:
    gathered = Gathered(WordKey.drawn(), {"public.users.it": kind})
    gather(folded("".join(f"{value}\n" for value in values).encode()), [kind], [0], gathered)
    return gathered.raw_values()


def _found(raw: RawValues, *values: str) -> int:
    """In how many values copies were found that chance doesn't explain."""
    return sum(finding.count for finding in of_copies(["t.c"], [{}], _copies(raw, *values), raw))


def _copies(raw: RawValues, *values: str) -> Copies:
    copies = Copies()
    block = folded(undressed("".join(f"{value}\n" for value in values).encode()))
    search(words_of(block, raw.key), raw, 1, copies)
    return copies


EMAIL = "Zoe.Ä-Miller+news@mail.example"
DRESSES = [
    "please write to {} today",
    '{{"to": ["{}"]}}',
    '{{a,"{}",b}}',
    "<{}>,",
    r"line\n{}\ttab",
    r"{{\"body\": \"first\\n{}\\r\"}}",
    "mailto:{}?subject=x",
    "<to>{}</to>",
    "'{}':3 'other':4",
    "_{}_",
    "\u00a0{}\u00a0",
    "\u201c{}\u201d",
    "\u2014{}\u2026",
    "&nbsp;{}&quot;",
    "a&amp;{}&amp;&lt;b",
    "&amp;nbsp;{}&amp;quot;",
    "\ufeff\u00bf{}\U0001f600",
]


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize(
    "copy",
    [
        EMAIL,
        EMAIL.upper(),
        EMAIL.replace("@", "%40").replace("+", "%2B").replace("Ä", "%C3%84"),
        EMAIL.replace("@", "%2540"),
        EMAIL.replace("Ä", "\\\\u00e4").replace("@", "\\\\u0040"),
        EMAIL.replace("@", "&#64;"),
        EMAIL.replace("@", "&commat;").replace("Ä", "&Auml;").replace("-", "&hyphen;"),
    ],
)
def test_an_address_is_found_in_any_dress(dress: str, copy: str) -> None:
    assert _found(_raw(EMAIL, kind="e-mail address"), "before", dress.format(copy), "behind") == 1


@pytest.mark.parametrize(
    ("kind", "value", "copies", "others"),
    [
        (
            "phone number",
            "+1 (212) 736-5000",
            [
                "2127365000",
                "212-736-5000",
                "212 736 5000",
                "tel:+12127365000",
                "1.212.736.5000",
                "212\u00a0736\u20135000",
            ],
            ["212736 5000 9", "21 27 36 50 00", "7365000"],
        ),
        ("phone number", "01 23 45 67 89", ["0123456789", "01.23.45.67.89"], ["01-23-45", "01-2345-6789"]),
        ("id", "123-45-6789", ["123456789", "123 45 6789"], ["12-3456-789", "1234567890"]),
        ("SSN", "012-34-5678", ["012345678", "012 34 5678", "12345678"], ["12-34-5678", "2345678"]),
        ("SSN", "001234567", ["001-23-4567", "1234567"], ["01234567", "234567"]),
        ("SSN", "12345678", ["012-34-5678", "012345678", "12345678"], ["112345678", "12-345-678"]),
        ("SSN", "1234567", ["001-23-4567", "001234567"], ["01234567"]),
        ("id", "AB-1234-XY", ["ab1234xy", "AB 1234 XY"], ["AB1234", "XAB-1234-XYZ"]),
        ("IBAN", "DE89370400440532013000", ["de89 3704 0044 0532 0130 00"], ["DE89 3704"]),
        ("card number", "4539148803436467", ["4539-1488-0343-6467"], ["4539-1488"]),
        ("user name", "kayla_m", ["@Kayla_M: hello", "by kayla-m"], ["kayla", "m", "kayla_martin"]),
        ("first and last name", "Kayla Martin", ["KAYLA MARTIN's", "kayla.martin"], ["Kayla", "Martin K"]),
        ("street and number", "12 Larch Road", ["at 12 Larch Road, Bern"], ["Larch Road", "112 Larch Road"]),
        ("token", "tok-9f8e7d6c5b", ["X-Token: tok-9f8e7d6c5b"], ["tok", "9f8e7d6c5bff"]),
        ("value", "kayla@mail.example", ["kayla@mail.example"], ["kayla mail"]),
    ],
)
def test_a_value_is_found_however_it_is_written_and_nothing_else_is(
    kind: Kind, value: str, copies: list[str], others: list[str]
) -> None:
    raw = _raw(value, "something else", kind=kind)
    assert [copy for copy in copies if _found(raw, f"x {copy} y") != 1] == []
    assert [other for other in others if _found(raw, f"x {other} y")] == []


def test_words_of_two_columns_or_rows_are_no_name() -> None:
    assert _found(_raw("Kayla Martin", kind="full name"), "Kayla\tMartin", "Kayla", "Martin") == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [("user name", "admin"), ("full name", "Kayla"), ("value", "hello world"), ("street and number", "Main St"),
     ("id", "12345"), ("phone number", "n/a"), ("value", "12345678"),
     ("value", "2024-01-15 10:30:00"), ("text", "SKU-1234567")],
)  # fmt: skip
def test_what_says_too_little_is_not_searched_for(kind: Kind, value: str) -> None:
    assert len(_raw(value, kind=kind)) == 0


def test_names_in_a_list_of_names_are_no_other_name() -> None:
    turned = _raw("Murray Steve", kind="last and first name")
    assert _found(turned, "Murray, Steve", "x: Murray,Steve", "Murray Steve") == 3
    assert _found(turned, "Dave Murray/Steve Harris", "Dave Murray, Steve Harris") == 0
    assert _found(_raw("Murray Steve", kind="full name"), "Dave Murray/Steve Harris", "murray_steve") == 1


@pytest.mark.parametrize(
    "name",
    [
        "Murby, Kayla",
        "Murby,Kayla",
        "Kayla Murby, Jr.",
        'Kayla "KK" Murby',
        "Kayla Murby (née Orr)",
        "Kayla     Murby",
    ],
)
def test_a_full_name_is_found_as_it_is_written(name: str) -> None:
    assert _found(_raw(name, kind="full name"), f"by {name}", f"{name}: yes") == 2


def test_a_phone_number_with_an_extension_is_found_as_it_is_written() -> None:
    raw = _raw("310-442-1234 x5", kind="phone number")
    assert _found(raw, "call 310-442-1234 x5", "310.442.1234-X5") == 2


def test_numbers_that_meet_by_chance_are_no_copies_and_more_of_them_are() -> None:
    drawn = random.Random(7)
    ids = [str(number) for number in drawn.sample(range(10_000_000, 99_999_999), 20_000)]
    raw = _raw(*ids, kind="id")
    others = [str(drawn.randrange(10_000_000, 99_999_999)) for _ in range(20_000)]
    assert len(set(ids) & set(others)) > 1
    assert _found(raw, *others) == 0
    assert _found(raw, *ids) == 20_000
    assert _found(raw, f"the one is {ids[7]}") == 1


def _phones(drawn: random.Random) -> list[str]:
    """As many of one place as may be searched for: of a hundred numbers there, nearly one is raw."""
    return [f"212{number:07d}" for number in drawn.sample(range(8_000_000, 9_000_000), 9_000)]


def test_a_raw_number_among_few_is_no_chance() -> None:
    drawn = random.Random(7)
    phones = _phones(drawn)
    raw = _raw(*phones, kind="phone number")
    others = [str(drawn.randrange(10**9, 10**10)) for _ in range(500)]
    assert _found(raw, phones[0]) == 1
    assert _found(raw, *phones[:3], *others[:10]) == 3
    assert _found(raw, *phones[:10], *others[:50]) == 10
    assert _found(raw, *phones[:40], *others) == 40


def test_what_is_let_pass_as_chance_is_counted_of_all_numbers_that_might_have_been_a_copy() -> None:
    drawn = random.Random(7)
    phones = _phones(drawn)
    raw = _raw(*phones, kind="phone number")
    others = [str(drawn.randrange(10**9, 10**10)) for _ in range(500)]
    copies = _copies(raw, *phones[:20], *others)
    assert list(of_copies(["t.c"], [{}], copies, raw)) == []
    assert list(copies_by_chance(["t.c"], copies, raw)) == [
        ByChance(place="t.c", rule="raw_values", count=20, numbers=520)
    ]
    found = Found()
    found.add(["t.c"], [{}], ShapeCounts(), copies, raw)
    assert found.findings == []
    assert explained(found.by_chance) == "; 20 numbers that chance explains, of 520 (t.c 20 of 520)"
    assert explained([]) == ""


def test_numbers_so_dense_that_any_would_be_one_are_left_out_and_named() -> None:
    raw = _raw(*(str(2_000_000 + number) for number in range(20_000)), kind="phone number")
    assert raw.too_dense == (7,)
    assert _found(raw, "2000001") == 0


def test_what_is_known_of_raw_values_is_written_nowhere() -> None:
    raw = _raw(EMAIL, kind="e-mail address")
    for secret in (raw, raw.key):
        with pytest.raises(TypeError):
            pickle.dumps(secret)
        assert "array" not in repr(secret)


# Its first key takes longer than those after it.
@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\\\t\n"), max_size=30))
def test_a_copy_is_found_whatever_stands_around_it(around: str) -> None:
    assert (
        _found(_raw("kayla_m@mail.example", kind="e-mail address"), f"{around} kayla_m@mail.example {around}")
        == 1
    )


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40), st.integers(1, 3))
def test_blocks_hold_all_that_came_and_know_the_column_they_begin_in(sizes: list[int], columns: int) -> None:
    rows = b"".join(b"\t".join([b"x" * size] * columns) + b"\n" for size in sizes * 40)
    pieces = [rows[place : place + 65_536] for place in range(0, len(rows), 65_536)]
    blocks = list(blocks_of(pieces, columns))
    assert b"".join(block.text for block in blocks) == rows
    assert all(block.first_value == 0 and block.text.endswith(b"\n") for block in blocks)


def test_a_row_that_is_too_long_is_cut_between_words() -> None:
    row = b"a\t" + b"word " * (5 * BLOCK_BYTES) + b"\tkayla\n"
    blocks = list(blocks_of([row, b"b\tc\td\n"], 3))
    assert b"".join(block.text for block in blocks) == row + b"b\tc\td\n"
    assert max(len(block.text) for block in blocks) <= 17 * BLOCK_BYTES
    assert [block.first_value for block in blocks[:2]] == [0, 1]
    assert all(block.text[-1:] in b" \n" for block in blocks)


def test_more_raw_values_than_memory_is_set_apart_for_are_refused() -> None:
    gathered = Gathered(WordKey.drawn(), {"public.users.it": "e-mail address"}, most=5)
    block = b"".join(b"kayla%d@mail.example\n" % number for number in range(6))
    with pytest.raises(TooManyRawValues, match="6 ways to write raw values"):
        gather(block, ["e-mail address"], [0], gathered)
