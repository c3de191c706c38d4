"""Values that get one mask though a unique index needs two: they differ only in what their masks don't show."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from masking.catalogue import Catalogue, Table
from masking.maskers.forms import TEXT
from masking.maskers.masker import Use, text_of
from masking.planning.plan import Plan
from masking.statements.passes import identifier
from masking.statements.slots import space_of

#: Maskers that give a value's own format back, with x for what is neither a digit nor usual between digits.
_KEEP_FORMAT = frozenset({"ssn", "phone", "card_number"})
#: As refresh_mask.fill has it.
_KEPT = "-0123456789 ()+./#,;:_*"


def may_have_twins(plan: Plan, catalogue: Catalogue) -> Iterator[tuple[Table, Use]]:
    """Columns of tables and partitioned tables, with their maskers. Where rows are left out or kept, or a script writes
    too, it isn't known which values there will be.
    """
    seen: set[tuple[str, str]] = set()
    for found in plan.tables:
        root = catalogue.root(found.table)
        if not found.holds_rows or found.action != "full":
            continue
        for column in found.masked:
            use = column.use
            if use is None or use.masker.name not in _KEEP_FORMAT or use.column.element_type not in TEXT:
                continue
            if use.condition is not None or use.column.is_array or column.scripted:
                continue
            is_alone = any(
                index.unique and set(index.columns) == {use.column.name} and index.predicate is None
                for index in root.indexes
            )
            if use.distinct and is_alone and (str(root), use.column.name) not in seen:
                seen.add((str(root), use.column.name))
                yield root, use


def has_twins(table: Table, use: Use) -> sql.Composed:
    """Whether a whole column has such values. Values that hold nothing but what is kept are passed over."""
    value = sql.Identifier("raw", "value")
    return sql.SQL(
        "SELECT EXISTS (SELECT FROM (SELECT {text} AS value FROM {table}) AS raw, LATERAL {space} AS space"
        " WHERE refresh_mask.has_only({value}, {kept}) IS FALSE"
        " GROUP BY CASE WHEN space.digits = '' THEN '' ELSE space.canonical END, refresh_mask.fill("
        "{value}, pg_catalog.regexp_replace(space.digits, '.', '0', 'g'))"
        " HAVING pg_catalog.count(DISTINCT {value}) > 1)"
    ).format(
        text=text_of(sql.Identifier(use.column.name)),
        table=identifier(table),
        space=space_of(use, value),
        value=value,
        kept=sql.Literal(_KEPT.encode()),
    )
