"""Dates, numbers and coordinates: near the value, so that what is computed from them stays plausible."""

from __future__ import annotations

from masking.forms import DATES, NUMBERS, TEXT, is_masked_day, is_smallest, noisy, same_year
from masking.masker import Masker

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
)
