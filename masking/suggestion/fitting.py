"""Whether a column can bear a masker: its type, width, NOT NULL, unique indexes and CHECKs."""

from __future__ import annotations

from typing import Final

from masking.catalogue import Column
from masking.maskers import MASKERS
from masking.maskers.masker import UNLIMITED
from masking.suggestion.kinds import family_of
from masking.suggestion.places import Masker, Place
from masking.suggestion.samples import Samples
from masking.suggestion.trials import is_checked

#: Can't give distinct results.
_REPEATING: Final = frozenset(
    {"composite", "json_paths", "number", "geo_jitter", "year", "json", "json_array", "bytes", "constant"}
)
_UNIQUE_DATES: Final = frozenset({"date_of_birth", "date", "postcode"})
_FORM_KEEPING: Final = frozenset(
    {"phone", "ssn", "postcode", "shape", "date_of_birth", "email", "ip", "json", "null"}
)
#: A unique column of more rows than this gets pseudonyms instead of numbers from a reserved range.
_RESERVED_ROWS_MAX: Final = 20_000


def _takes(masker: Masker, column: Column) -> bool:
    """Whether the masker's own definition takes the column's type and width."""
    definition = MASKERS.get(masker.name.partition(" ")[0])
    if definition is None or not definition.types:
        return True
    return (
        column.element_type in definition.types and (column.max_length or UNLIMITED) >= definition.min_width
    )


def _has_room(masker: Masker, place: Place) -> bool:
    """Whether distinct values can stay distinct: a reserved range of numbers is small, a short column too."""
    if masker.name == "phone":
        return (
            place.sample is not None
            and place.sample.share("ten_digits") == 1
            and place.table.estimated_rows < _RESERVED_ROWS_MAX
        )
    if masker.name == "ssn" and family_of(place.column.element_type) == "text":
        return place.sample is not None and place.sample.share("eight_digits") == 1
    if masker.name == "ssn" and place.column.element_type in ("int4", "int8"):
        longest = 9 if place.column.element_type == "int4" else 17
        return place.sample is not None and 5 <= place.sample.average_length <= longest
    if masker.name == "card_number":
        return place.sample is not None and place.sample.share("card") == 1
    if masker.name == "ip":
        return place.column.element_type != "cidr" and place.table.estimated_rows < _RESERVED_ROWS_MAX
    return masker.name.partition(" ")[0] not in (_REPEATING | _UNIQUE_DATES)


def fits(masker: Masker, place: Place, samples: Samples) -> bool:
    """Whether a column can bear a masker, as far as its type, width, indexes and CHECKs are known."""
    if not _takes(masker, place.column):
        return False
    if masker.name == "null":
        if not place.nulls_may_repeat:
            return False
    elif masker.name in ("shape", "old_year"):
        if place.is_unique and not place.has_distinct_partner:
            return False
    elif place.is_unique and not _has_room(masker, place):
        return False
    if not is_checked(place.table, place.column):
        return True
    tried = samples.trials.get((*place.id, masker.name))
    if tried is not None:
        return tried
    # Nobody tried: NULL passes every CHECK that doesn't ask for a value, and what keeps the value's form most others.
    if place.nulls_may_repeat and not any("NOT NULL" in check.expression for check in place.table.checks):
        return masker.name == "null"
    return masker.name in _FORM_KEEPING
