"""Dates, numbers and coordinates: near the value, so that what is computed from them stays plausible."""

from __future__ import annotations

from dataclasses import replace

from masking.maskers.forms import DATES, NUMBERS, TEXT, is_masked_day, is_smallest, noisy, same_year
from masking.maskers.masker import Masker
from masking.maskers.parameters import Bucket, DateShift, GeoJitter, Shuffle
from masking.maskers.quantity_forms import bucketed, is_bucket, is_shuffled, jittered, shifted, shuffled


def _bucket_of(parameters: Bucket) -> Masker:
    """Months are for dates, widths for numbers."""
    return replace(_BUCKET, types=DATES if parameters.to else NUMBERS)


_BUCKET = Masker(
    name="bucket",
    doc=(
        "The first day of a date's month, quarter or year (in UTC), or a number cut, towards 0, to a multiple of "
        "width."
    ),
    parameters=Bucket,
    types=DATES | NUMBERS,
    keyed=False,
    coincidence="a value may be its bucket's own",
    mask=bucketed,
    holds=is_bucket,
    variant=_bucket_of,
)

QUANTITIES = (
    Masker(
        name="date_of_birth",
        doc=(
            "Another day of the same year (the 1st to the 28th), at midnight. A day of the current year stays before "
            "the value's own. A text is taken as YYYY-MM-DD, else its digits become 0 and its letters x."
        ),
        types=DATES | TEXT,
        coincidence="a year has 336 such days",
        changes=True,
        mask=same_year,
        holds=is_masked_day,
    ),
    Masker(
        name="date",
        doc="As date_of_birth, in a domain of its own.",
        types=DATES,
        coincidence="a year has 336 such days",
        changes=True,
        mask=same_year,
        holds=is_masked_day,
    ),
    Masker(
        name="number",
        doc=(
            "A number between half of the value and the value, with its sign and its decimal places; 0 and the "
            "smallest unit stay."
        ),
        types=NUMBERS,
        coincidence="numbers of a narrow range meet",
        changes=True,
        unchanged=is_smallest,
        mask=noisy,
    ),
    Masker(
        name="date_shift",
        doc=(
            "The date or time moved by a number of days, the same for all dates of one subject (a column of the row, "
            "as the scripts left it): intervals stay. Never by 0 days."
        ),
        parameters=DateShift,
        types=DATES,
        coincidence="a subject's dates may meet",
        changes=True,
        mask=shifted,
    ),
    _BUCKET,
    Masker(
        name="shuffle",
        doc=(
            "The column's values in other rows, by a keyed permutation of the rows that have one. Raw values stay, so "
            "it needs a reason, and a value that fewer than five rows have stops the run."
        ),
        parameters=Shuffle,
        types=TEXT | NUMBERS | DATES | {"bool"},
        coincidence="the values stay, in other rows",
        mask=shuffled,
        holds=is_shuffled,
        elementwise=False,
    ),
    Masker(
        name="geo_jitter",
        doc=(
            "A place moved within radius_m metres, never to where it was: a point (longitude, latitude), or a latitude "
            "or longitude in degrees, each moved so that both together stay within the radius."
        ),
        parameters=GeoJitter,
        types=frozenset({"point", "numeric", "float4", "float8"}),
        coincidence="places of a neighbourhood may meet",
        changes=True,
        mask=jittered,
    ),
)
