"""Which raw values are gathered before the pass, and the queries that read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from masking.catalogue import Catalogue, Column, Table
from masking.maskers.forms import TEXT
from masking.maskers.masker import Use, as_written, text_of
from masking.maskers.parameters import Script
from masking.planning.plan import Plan, TablePlan
from masking.proof.emptied import Emptied, emptied
from masking.proof.kinds import (
    FIRST_NAMES,
    KIND_OF_MASKER,
    LAST_NAMES,
    LOW_ENTROPY,
    LOW_ENTROPY_DOMAINS,
    Kind,
)
from masking.statements.passes import identifier, unnested
from masking.syntax.expressions import qualified

_ROW = "refresh_mask_row"
#: With more first and last names in a table than this, each is held against its neighbour only.
_MOST_PAIRS = 4


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A query of raw values: for each of its columns, which column of the report they are, and their kind."""

    table: Table
    query: sql.Composed
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    #: Whether a condition on the table's rows may stand behind the query.
    ends_with_its_table: bool = False


@dataclass(frozen=True, kw_only=True)
class NotSearched:
    """A column, or what lies at a place inside it, and why it isn't searched for, or in."""

    column: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class _Source:
    column: str
    kind: Kind
    value: sql.Composable


def readings(plan: Plan, catalogue: Catalogue) -> Iterator[Reading]:
    """All that is to be read, a table at a time."""
    for table in plan.tables:
        if not table.holds_rows or table.action == "empty":
            continue
        plain: list[_Source] = []
        for column in table.masked:
            assert column.use is not None
            for part, condition in _parts(column.use):
                for one in part.with_inner():
                    kind = kind_of(one)
                    if kind is None:
                        continue
                    name = _name(catalogue, table, one)
                    if one.values is None and not one.column.is_array:
                        plain.append(
                            _Source(column=name, kind=kind, value=_where(_text(one.column), condition))
                        )
                    else:
                        yield _nested(table.table, name, kind, one, condition)
        plain += _pairs(catalogue, table)
        if plain:
            yield _plain(table.table, plain)
    yield from _of_emptied(plan, catalogue)


def _of_emptied(plan: Plan, catalogue: Catalogue) -> Iterator[Reading]:
    for table in emptied(plan, catalogue):
        root = catalogue.root(table.plan.table)
        plain = [
            _Source(column=f"{root}.{column.name}", kind=kind, value=_text(column))
            for column, kind in table.columns
            if not column.is_array
        ]
        plain += _both_orders(root, table.first_names, table.last_names)
        if plain:
            yield _plain(table.plan.table, plain)
        for column, kind in table.columns:
            if column.is_array:
                yield Reading(
                    table=table.plan.table,
                    query=sql.SQL(
                        "SELECT {} FROM (SELECT pg_catalog.unnest({}) FROM ONLY {}) AS {} (value)"
                    ).format(
                        text_of(sql.Identifier(_ROW, "value")),
                        sql.Identifier(column.name),
                        identifier(table.plan.table),
                        sql.Identifier(_ROW),
                    ),
                    columns=(f"{root}.{column.name}",),
                    kinds=(kind,),
                )


def _plain(table: Table, sources: Sequence[_Source]) -> Reading:
    return Reading(
        table=table,
        query=sql.SQL("SELECT {} FROM ONLY {} AS {}").format(
            sql.SQL(", ").join([source.value for source in sources]),
            identifier(table),
            sql.Identifier(_ROW),
        ),
        columns=tuple(source.column for source in sources),
        kinds=tuple(source.kind for source in sources),
        ends_with_its_table=True,
    )


def not_gathered(plan: Plan, catalogue: Catalogue) -> Iterator[NotSearched]:
    """Masked columns whose raw values aren't searched for, each with the reason."""
    seen: set[str] = set()
    of_emptied = {found.plan.table.id: found for found in emptied(plan, catalogue)}
    for table in plan.tables:
        if not table.holds_rows:
            continue
        if table.action == "empty":
            whole = f"{catalogue.root(table.table)}.*"
            if whole not in seen:
                seen.add(whole)
                yield NotSearched(
                    column=whole, reason=_why_not_of_emptied(table, of_emptied.get(table.table.id))
                )
            continue
        paired = bool(_pairs(catalogue, table))
        for column in table.masked:
            assert column.use is not None
            for part, _ in _parts(column.use):
                for one in part.with_inner():
                    reason = _why_not(one, paired=paired)
                    name = _name(catalogue, table, one)
                    if reason and name not in seen:
                        seen.add(name)
                        yield NotSearched(column=name, reason=reason)


def _why_not_of_emptied(table: TablePlan, found: Emptied | None) -> str:
    if found is None:
        return f"the policy says: {table.not_searched}"
    names = [column.name for column, _ in found.columns]
    if found.first_names and found.last_names:
        names += [column.name for column in (*found.first_names, *found.last_names)]
    if not names:
        return "the policy empties the table, and of no column its name tells that it holds somebody's values"
    return f"the policy empties the table; only what its columns {', '.join(names)} held is searched for"


def names_within(catalogue: Catalogue, table: TablePlan, use: Use) -> frozenset[str]:
    """What the report calls a masked column's raw values, wherever they lie in it."""
    return frozenset(_name(catalogue, table, one) for part in use.parts for one in part.with_inner())


def kind_of(use: Use) -> Kind | None:
    """What the raw values of a masked column are; None where they identify nobody by themselves."""
    if isinstance(use.parameters, Script):
        if use.parameters.not_searched or use.domain in LOW_ENTROPY_DOMAINS:
            return None
        return KIND_OF_MASKER.get(use.domain) or ("value" if use.column.element_type in TEXT else None)
    kind = KIND_OF_MASKER.get(use.masker.name)
    # Of dates and amounts it isn't known whether they are somebody's number.
    return None if kind in ("value", "text") and use.column.element_type not in TEXT else kind


def _why_not(use: Use, *, paired: bool) -> str | None:
    name = use.masker.name
    if isinstance(use.parameters, Script):
        if use.parameters.not_searched:
            return f"the policy says: {use.parameters.not_searched}"
        name = use.domain
    if name in FIRST_NAMES | LAST_NAMES:
        return None if paired else "many share half a name, and the table has no other half"
    if name in LOW_ENTROPY:
        return LOW_ENTROPY[name]
    if kind_of(use) is None and use.masker.masks and not use.inner:
        return "not of an identifying domain"
    return None


def _parts(use: Use) -> Iterator[tuple[Use, sql.Composable | None]]:
    """The maskers of which each masks some rows, with what is true of those; kept rows are the policy's own."""
    if use.condition is None:
        yield use, None
        return
    when = as_written(qualified(use.condition.when, _ROW))
    first, *other = use.parts
    yield first, sql.SQL("(({}) IS TRUE)").format(when)
    for part in other:
        yield part, sql.SQL("(({}) IS NOT TRUE)").format(when)


def _where(value: sql.Composable, condition: sql.Composable | None) -> sql.Composable:
    return value if condition is None else sql.SQL("CASE WHEN {} THEN {} END").format(condition, value)


def _nested(table: Table, name: str, kind: Kind, use: Use, condition: sql.Composable | None) -> Reading:
    return Reading(
        table=table,
        query=sql.SQL(
            "SELECT texts.value FROM ONLY {table} AS {row}, LATERAL {texts} AS texts (value) WHERE {condition}"
        ).format(
            table=identifier(table),
            row=sql.Identifier(_ROW),
            texts=unnested(use),
            condition=condition or sql.SQL("true"),
        ),
        columns=(name,),
        kinds=(kind,),
    )


def _pairs(catalogue: Catalogue, table: TablePlan) -> list[_Source]:
    """First and last names of one row together, in both orders."""
    return _both_orders(catalogue.root(table.table), _names(table, FIRST_NAMES), _names(table, LAST_NAMES))


def _both_orders(root: Table, first: Sequence[Column], last: Sequence[Column]) -> list[_Source]:
    if len(first) * len(last) <= _MOST_PAIRS:
        pairs = [(one, other) for one in first for other in last]
    else:
        pairs = list(zip(first, last, strict=False))
    return [
        _Source(
            column=f"{root}.{before.name} with {behind.name}",
            kind=kind,
            # NULL where either is: half a name is searched for nowhere.
            value=sql.SQL("{} || ' ' || {}").format(_text(before), _text(behind)),
        )
        for one, other in pairs
        for before, behind, kind in _orders(one, other)
    ]


def _text(column: Column) -> sql.Composable:
    return text_of(sql.Identifier(_ROW, column.name))


def _orders(first: Column, last: Column) -> tuple[tuple[Column, Column, Kind], ...]:
    return (first, last, "first and last name"), (last, first, "last and first name")


def _names(table: TablePlan, maskers: frozenset[str]) -> Sequence[Column]:
    found = []
    for column in table.masked:
        use = column.use
        assert use is not None
        name = use.domain if isinstance(use.parameters, Script) else use.masker.name
        unsearched = isinstance(use.parameters, Script) and use.parameters.not_searched
        if name in maskers and use.condition is None and not use.column.is_array and not unsearched:
            found.append(use.column)
    return found


def _name(catalogue: Catalogue, table: TablePlan, use: Use) -> str:
    place = "" if not use.where else use.where if use.where.startswith(".") else f" {use.where}"
    return f"{catalogue.root(table.table)}.{use.column.name}{place}"
