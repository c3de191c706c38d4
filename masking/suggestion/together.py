"""Columns of a row that belong together get masks that do: a person's names with the e-mail address, a postcode with
its town.

All or nothing: an address masks alike in every table only if each of its columns is masked in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from masking.catalogue import Catalogue, TableName
from masking.suggestion.classify import ColumnId, relatives
from masking.suggestion.fitting import fits
from masking.suggestion.places import Masker, Place, places
from masking.suggestion.samples import Samples

#: By the subject's masker: what it becomes, and what the maskers beside it become.
_TOGETHER: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "email": (
        "person_email",
        {"first_name": "person_first_name", "last_name": "person_last_name", "full_name": "person_name"},
    ),
    "city": ("place_city", {"postcode": "place_postcode"}),
}
#: Characters without which a mask is hardly one of its kind.
_LEAST_WIDTH: Final = {"person_email": 40, "place_postcode": 5}


def put_together(
    catalogue: Catalogue,
    samples: Samples,
    maskers: Mapping[ColumnId, Masker],
    refused: Collection[tuple[ColumnId, str]],
) -> dict[ColumnId, Masker]:
    """``maskers`` with those of a subject and of what belongs to it made one of a kind, wherever all can bear it."""
    found = dict(maskers)
    related = {member for group in relatives(catalogue) for member in group}

    def bears(member: ColumnId, name: str) -> bool:
        (place,) = places(catalogue, samples, [member], maskers.keys())
        return (member, name) not in refused and _bears(place, name, samples)

    for plain, (subject, others) in _TOGETHER.items():
        # A word alone: with a domain of its own it is something else.
        subjects = [member for member, masker in maskers.items() if masker.policy == plain]
        by_table: dict[TableName, list[ColumnId]] = {}
        for member in subjects:
            by_table.setdefault(member[0], []).append(member)
        beside = {
            member: Masker(name=others[masker.name], policy={others[masker.name]: by_table[member[0]][0][1]})
            for member, masker in maskers.items()
            if masker.name in others
            and masker.policy == masker.name
            and len(by_table.get(member[0], ())) == 1
            and member not in related
            and not places(catalogue, samples, [member])[0].is_unique
            and bears(member, others[masker.name])
        }
        if beside and all(bears(member, subject) for member in subjects):
            found |= dict.fromkeys(subjects, Masker(name=subject, policy=subject)) | beside
            for member, masker in found.items():
                if masker.name == "json_paths":
                    found[member] = _with_paths(masker, plain, subject)
    return found


def _with_paths(masker: Masker, plain: str, subject: str) -> Masker:
    """Documents with the subject at the paths where it stood alone: an address in them is that of the column."""
    paths = {
        path: subject if rule == plain else rule for path, rule in masker.policy["json"]["paths"].items()
    }
    return Masker(name=masker.name, policy={"json": {"paths": paths}})


def _bears(place: Place, name: str, samples: Samples) -> bool:
    wide = place.column.max_length is None or place.column.max_length >= _LEAST_WIDTH.get(name, 1)
    return wide and not place.column.is_array and fits(Masker(name=name, policy=name), place, samples)
