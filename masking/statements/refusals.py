"""What PostgreSQL refused of a mask, said in terms of the policy: which column, which constraint, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from masking.catalogue import Column, Table

#: Wrong values, broken constraints, SQL that doesn't run, and what a user's function raises: all by the mask itself.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_THE_MASK = ("22", "23", "42", "P0001")
_NO_PRIVILEGE = "42501"
_ANOTHER_VALUE = (
    "Use constant, sql or a script with a value that it allows, keep it with a reason, or empty the table."
)
_ANOTHER_KEY = (
    "Use null, sql or a script that gives the index distinct keys, keep it with a reason, or empty the table."
)
_ANOTHER_MASKER = "Use another masker, sql or a script, keep it with a reason, or empty the table."


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error of PostgreSQL's without its message, which may quote a row."""

    sqlstate: str
    #: The error's name, such as ``NumericValueOutOfRange``.
    name: str
    constraint: str = ""
    #: The column that PostgreSQL names, which it does for NOT NULL only.
    column: str = ""
    #: The domain whose constraint it is.
    domain: str = ""
    #: The index whose expression or predicate failed, or whose keys aren't distinct.
    index: str = ""

    @property
    def is_by_the_mask(self) -> bool:
        """Whether the same would happen in the pass; else it's the server's own trouble."""
        return self.sqlstate.startswith(_BY_THE_MASK) and self.sqlstate != _NO_PRIVILEGE


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing that the pass would have ended with."""

    place: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.remedy}"


def violation(refusal: Refusal, table: Table, columns: Sequence[tuple[Column, str]]) -> Violation:
    """``columns`` with their maskers' names: those that were being masked when ``refusal`` came."""
    blamed = _blamed(refusal, table, columns)
    names = ", ".join(f"{table}.{column.name}" for column, _ in blamed)
    maskers = ", ".join(dict.fromkeys(masker for _, masker in blamed))
    place = f"column {names}" if len(blamed) == 1 else f"columns {names}" if blamed else f"table {table}"
    types = ", ".join(dict.fromkeys(column.type for column, _ in blamed))
    by = f"masker {maskers}" if maskers else "a mask"
    match refusal.sqlstate:
        case "23505" if refusal.index:
            what = (
                f"{by} gives several rows one key of unique index {refusal.index}, whose expression leaves out what "
                "tells them apart"
            )
            return Violation(place=place, what=what, remedy=_ANOTHER_KEY)
        case _ if refusal.index:
            what = f"index {refusal.index} can't be computed of what {by} gives: {refusal.name}"
            return Violation(place=place, what=what, remedy=_ANOTHER_MASKER)
        case "23514" if refusal.domain:
            what = f"{by} gives a value that CHECK {refusal.constraint} of domain {refusal.domain} refuses"
            return Violation(place=place, what=what, remedy=_ANOTHER_VALUE)
        case "23514" if refusal.constraint:
            what = f"{by} gives a value that CHECK {refusal.constraint} refuses"
            return Violation(place=place, what=what, remedy=_ANOTHER_VALUE)
        case "23514":
            what = f"{by} gives a partition key for which there is no partition"
            remedy = f"Keep it with a reason, or give {table} a DEFAULT partition at the source."
            return Violation(place=place, what=what, remedy=remedy)
        case "23502":
            what = f"{by} gives NULL, and the column is NOT NULL"
            return Violation(place=place, what=what, remedy="Use constant, or a masker for its type.")
        case "22001":
            what = f"{by} gives a text that {types or 'its type'} is too narrow for"
            return Violation(place=place, what=what, remedy=_ANOTHER_MASKER)
        case "22003":
            what = f"{by} gives a number that {types or 'its type'} can't hold"
            return Violation(place=place, what=what, remedy=_ANOTHER_MASKER)
        case "22P02" | "22007" | "22008" | "42804" | "42846":
            what = f"{by} gives what is no value of {types or 'its type'}"
            return Violation(place=place, what=what, remedy=_ANOTHER_VALUE)
        case _:
            what = f"{by} fails with {refusal.name} (SQLSTATE {refusal.sqlstate})"
            return Violation(place=place, what=what, remedy="Mend its SQL, or use another masker.")


def _blamed(
    refusal: Refusal, table: Table, columns: Sequence[tuple[Column, str]]
) -> Sequence[tuple[Column, str]]:
    """The columns that a constraint reads, where it is known; else all that were being masked."""
    if refusal.sqlstate == "23514" and refusal.domain:
        return [found for found in columns if found[0].domain == refusal.domain] or columns
    if refusal.sqlstate == "23514" and not refusal.constraint:
        return [found for found in columns if found[0].partition_key] or columns
    if refusal.column:
        return [found for found in columns if found[0].name == refusal.column] or columns
    read = {
        name
        for check in table.checks
        if check.name == refusal.constraint and check.domain is None
        for name in table.with_sources(check.columns)
    }
    return [found for found in columns if found[0].name in read] or columns
