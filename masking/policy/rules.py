"""What a policy says, as values: made by :mod:`masking.policy.reading`, held against the catalogue by
:mod:`masking.planning.plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.maskers.masker import Keyed, Masker, Parameters
from masking.maskers.parameters import Email, Keep, Phone, Redact, Script, Shuffle, Ssn
from masking.syntax.position import Position
from masking.syntax.scripts import ScriptStatement

TableAction = Literal["full", "where", "empty"]


@dataclass(frozen=True, kw_only=True)
class ColumnRule:
    """What happens to one column."""

    masker: Masker
    parameters: Parameters
    position: Position
    #: The rule holds for rows of which this SQL predicate is true, ``otherwise`` for all others.
    when: str | None = None
    otherwise: ColumnRule | None = None

    @property
    def domain(self) -> str:
        """Values mask alike within it; '' for maskers without a key."""
        if isinstance(self.parameters, Script):
            return self.parameters.domain
        if not self.masker.keyed:
            return ""
        given = self.parameters.domain if isinstance(self.parameters, Keyed) else None
        return given or self.masker.name

    @property
    def masks_every_row(self) -> bool:
        """Whether no row keeps what the scripts left."""
        return self.masker.masks and (self.otherwise is None or self.otherwise.masker.masks)

    @property
    def reason(self) -> str:
        """Why values stay, or a part of them, in all rows or in those that ``otherwise`` is for, or why masks may be
        someone's; '' where none is given.
        """
        match (self.otherwise or self).parameters:
            case (
                Keep(reason=reason)
                | Shuffle(reason=reason)
                | Email(reason=reason)
                | Ssn(reason=reason)
                | Redact(reason=reason)
                | Phone(acknowledge=reason)
            ):
                return reason
            case _:
                return ""

    @property
    def parts(self) -> tuple[ColumnRule, ...]:
        """The rule, and what holds otherwise."""
        return (self,) if self.otherwise is None else (self, self.otherwise)


@dataclass(frozen=True, kw_only=True)
class TableRule:
    """What happens to one table, its partitions included."""

    action: TableAction
    position: Position
    #: Rows for which this SQL predicate isn't true are deleted before anything is masked.
    where: str | None = None
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    #: Rules for columns by a name with ``*`` in it.
    wildcards: Mapping[str, ColumnRule] = field(default_factory=dict)
    #: Whether columns that no rule names get their type's default.
    others_by_default: bool = False
    #: Of an emptied table: why its raw values aren't searched for elsewhere.
    not_searched: str = ""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A foreign key that the database doesn't declare: both ends must mask alike."""

    table: TableName
    column: str
    referenced: TableName
    referenced_column: str
    position: Position

    def __str__(self) -> str:
        return f"{self.table}.{self.column}: {self.referenced}.{self.referenced_column}"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A whole policy with its scripts."""

    tables: Mapping[TableName, TableRule]
    #: Rules for tables by a name with ``*`` in it.
    wildcards: Mapping[TableName, TableRule] = field(default_factory=dict)
    #: The rule for a column of a type, for tables that ask for it.
    defaults: Mapping[str, ColumnRule] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    #: None where the policy doesn't say.
    large_objects: Literal["empty", "keep"] | None = None
    statements: tuple[ScriptStatement, ...] = ()
    #: What may be found in the schema's own literals, with the reason of each: by object, ``*`` for every one.
    literals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: SHA-256 of its files, as hex.
    digest: str = ""


def invalid(position: Position, what: str, remedy: str) -> PolicyInvalid:
    """An error that points at a place in the policy."""
    return PolicyInvalid(what, resource=str(position), remedy=remedy)
