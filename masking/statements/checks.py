"""What verification asks of the masked database, as SQL whose answer is a number of offending rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from masking.catalogue import Catalogue, Index, Table, TableName
from masking.maskers.forms import INTEGERS, TEXT
from masking.maskers.masker import Use, as_written, text_of
from masking.planning.plan import ColumnPlan, Plan, TablePlan
from masking.statements.capture import compares_raw, fingerprint, total_of
from masking.statements.passes import dangling, foreign_keys, rows_of, unnested

RAW_VALUES = "masked columns hold no raw value of their own"
FORM = "masked values have their masker's form"
CHANGED = "masked columns changed as a whole"
ROW_COUNTS = "row counts"
UNIQUE = "unique indexes"
CHECKS = "check constraints"
FOREIGN_KEYS = "foreign keys"
LARGE_OBJECTS = "large objects"
EMPTY = "emptied tables hold no row"
_VALUE = sql.Identifier("texts", "value")

#: min_parallel_table_scan_size, as PostgreSQL has it.
_LARGE_BYTES = 8 * 1024 * 1024
_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Check:
    """``query`` counts what offends; ``place`` is the table and column or constraint that a failure names.

    ``answer`` is what it selects where that is one aggregate of its table's rows, so that other checks' can stand
    beside it and the table is read once.
    """

    name: str
    table: Table
    place: str
    query: sql.Composed
    answer: sql.Composed | None = None


def places(plan: Plan, catalogue: Catalogue) -> dict[tuple[TableName, str], int]:
    """A number for every masked column, one for a whole partition tree: where its raw values' hashes are kept."""
    found = sorted(
        {
            (catalogue.root(table.table).id, use.column.name)
            for table, use in plan.uses()
            if compares_raw(use) or use.changes or use.keeps_rows
        }
    )
    return {place: number for number, place in enumerate(found, start=1)}


def compared(plan: Plan, catalogue: Catalogue) -> str:
    """How many masked columns :data:`RAW_VALUES` looks into, which ones it can't, and why: for the report."""
    columns = {
        f"{catalogue.root(table.table)}.{use.column.name}": use.coincidence for table, use in plan.uses()
    }
    without: dict[str, list[str]] = defaultdict(list)
    for column, coincidence in sorted(columns.items()):
        if coincidence is not None:
            without[coincidence].append(column)
    said = f"{sum(coincidence is None for coincidence in columns.values())} of {len(columns)} masked columns"
    if not without:
        return said
    reasons = "; ".join(f"{', '.join(found)}: {reason}" for reason, found in sorted(without.items()))
    return f"{said}; in the others a mask may equal a raw value: {reasons}"


def checks_of(plan: Plan, catalogue: Catalogue) -> Iterator[Check]:
    """Every check but the row counts, which compare two numbers."""
    numbers = places(plan, catalogue)
    for table in plan.tables:
        if not table.holds_rows:
            continue
        if table.action == "empty":
            yield _counting(EMPTY, table.table, str(table.table), sql.SQL("true"))
            continue
        changed = {column.column.name for column in table.columns if column.action == "mask"}
        for column in table.masked:
            if column.use is not None:
                yield from _column_checks(catalogue, table, column, column.use, numbers)
        for index in table.table.indexes:
            if index.unique and changed & set(index.columns):
                yield Check(
                    name=UNIQUE,
                    table=table.table,
                    place=f"{table.table} {index.name}",
                    query=_duplicates(table.table, index),
                )
        for check in table.table.checks:
            if check.domain is None and check.validated and changed & set(check.columns):
                violated = sql.SQL("NOT ({})").format(as_written(check.expression))
                yield _counting(CHECKS, table.table, f"{table.table} {check.name}", violated)
    yield from _as_wholes(plan, catalogue, numbers)
    for referring, key, referenced in foreign_keys(catalogue):
        ours, theirs = plan.tables_by_id[referring.id], plan.tables_by_id[referenced.id]
        if ours.action != "empty" and theirs.derived_kind != "extension":
            yield Check(
                name=FOREIGN_KEYS,
                table=referring,
                place=f"{referring} {key.name}",
                query=dangling(referring, key, referenced),
            )


def row_counts(plan: Plan) -> Iterator[Check]:
    """How many rows each table holds: nothing that offends, but the same kind of question."""
    for table in plan.tables:
        if table.holds_rows:
            yield _counting(ROW_COUNTS, table.table, str(table.table), sql.SQL("true"))


def batches(checks: Iterable[Check], catalogue: Catalogue) -> Iterator[tuple[Check, ...]]:
    """Checks to be asked together: of thousands of small tables, the way of each statement to the server would take
    longer than its answer; of a large one, reading it for each of them would.

    Others of a large table stand by themselves. Several processes may read that, unless something else in the statement
    keeps them from it.
    """
    small: list[Check] = []
    of_one_scan: dict[TableName, list[Check]] = {}
    alone: list[Check] = []
    for check in checks:
        if sum(leaf.size_bytes for leaf in catalogue.leaves(check.table)) >= _LARGE_BYTES:
            if check.answer is not None:
                of_one_scan.setdefault(check.table.id, []).append(check)
            else:
                alone.append(check)
            continue
        small.append(check)
        if len(small) == _AT_ONCE:
            yield tuple(small)
            small = []
    for found in of_one_scan.values():
        yield from (tuple(found[begin : begin + _AT_ONCE]) for begin in range(0, len(found), _AT_ONCE))
    for check in alone:
        yield (check,)
    if small:
        yield tuple(small)


def together(checks: Sequence[Check]) -> sql.Composed:
    """One statement whose columns are the checks' numbers."""
    answers = [check.answer for check in checks if check.answer is not None]
    if len(answers) == len(checks) and len({check.table.id for check in checks}) == 1:
        return _asked(checks[0].table, sql.SQL(", ").join(answers))
    return sql.SQL("SELECT {}").format(
        sql.SQL(", ").join([sql.SQL("({})").format(check.query) for check in checks])
    )


def _counting(name: str, table: Table, place: str, condition: sql.Composable) -> Check:
    """How many rows of the table ``condition`` is true of."""
    return Check(
        name=name,
        table=table,
        place=place,
        query=_count(table, condition),
        answer=sql.SQL("pg_catalog.count(*) FILTER (WHERE {})").format(condition),
    )


def _asked(table: Table, answers: sql.Composable) -> sql.Composed:
    return sql.SQL("SELECT {} FROM {}").format(answers, rows_of(table))


def _column_checks(
    catalogue: Catalogue,
    table: TablePlan,
    column: ColumnPlan,
    use: Use,
    numbers: dict[tuple[TableName, str], int],
) -> Iterator[Check]:
    place = f"{table.table}.{use.column.name}"
    if compares_raw(use) and not use.keeps_rows:
        again = (
            sql.SQL(" AND {} IS DISTINCT FROM CAST({} AS {})").format(
                sql.Identifier(use.column.name),
                as_written(column.recomputed.text),
                as_written(use.column.type),
            )
            if column.recomputed is not None
            else sql.SQL("")
        )
        text = text_of(sql.Identifier(use.column.name))
        condition = sql.SQL(
            "EXISTS (SELECT FROM {texts} AS texts (value) JOIN refresh_mask.raw_values raw ON raw.place = {place}"
            " AND raw.fingerprint = {fingerprint_of_texts}"
            " WHERE pg_catalog.btrim(texts.value) <> ''){again}"
        )
        if not use.column.is_array:
            # Without a lateral join the planner may hash the raw values instead of looking each one up.
            # Of blanks nothing is remembered.
            condition = sql.SQL(
                "{fingerprint_of_text} IN"
                " (SELECT raw.fingerprint FROM refresh_mask.raw_values raw WHERE raw.place = {place}){again}"
            )
        yield Check(
            name=RAW_VALUES,
            table=table.table,
            place=place,
            query=_count(
                table.table,
                condition.format(
                    texts=unnested(use),
                    text=text,
                    fingerprint_of_text=fingerprint(text),
                    fingerprint_of_texts=fingerprint(_VALUE),
                    place=sql.Literal(numbers[catalogue.root(table.table).id, use.column.name]),
                    again=again,
                ),
            ),
        )
    violation = use.violation()
    if use.keeps_rows and column.scripted:
        violation = None
    if violation is not None and use.keeps_rows:
        # A row that was kept holds what some kept row held. Which one, the masked row no longer tells.
        violation = sql.SQL(
            "{violation} AND EXISTS (SELECT FROM {texts} AS texts (value) WHERE pg_catalog.btrim(texts.value) <> ''"
            " AND NOT EXISTS (SELECT FROM refresh_mask.raw_values raw"
            " WHERE raw.place = {kept} AND raw.fingerprint = {fingerprint_of_texts}))"
        ).format(
            violation=violation,
            texts=unnested(use),
            fingerprint_of_texts=fingerprint(_VALUE),
            kept=sql.Literal(-numbers[catalogue.root(table.table).id, use.column.name]),
        )
    if violation is not None:
        yield _counting(FORM, table.table, place, violation)


def _as_wholes(
    plan: Plan, catalogue: Catalogue, numbers: dict[tuple[TableName, str], int]
) -> Iterator[Check]:
    """What is asked of a column's values in all partitions together."""
    seen: dict[tuple[TableName, str], list[tuple[Table, Use]]] = {}
    for table, use in plan.uses():
        seen.setdefault((catalogue.root(table.table).id, use.column.name), []).append((table.table, use))
    for (root, name), found in seen.items():
        _, use = found[0]
        whole, place = catalogue.tables_by_id[root], f"{root}.{name}"
        if use.changes:
            yield _changed(whole, place, numbers[root, name], found)
        if compares_raw(use) and use.keeps_rows:
            query = _more_than_kept(numbers[root, name], found)
            yield Check(name=RAW_VALUES, table=whole, place=place, query=query)


def _changed(whole: Table, place: str, number: int, found: Sequence[tuple[Table, Use]]) -> Check:
    """1 where a column's values are, all in all, the raw ones: then its pass did nothing."""
    unchanged = sql.SQL(
        "CASE WHEN EXISTS (SELECT FROM refresh_mask.raw_totals WHERE place = {place} AND must_change > 0)"
        " AND (SELECT pg_catalog.sum(total) FROM refresh_mask.raw_totals WHERE place = {place})"
        " = {total} THEN 1 ELSE 0 END"
    )
    if [table.id for table, _ in found] == [whole.id]:
        total = sql.SQL("pg_catalog.sum({})").format(total_of(found[0][1]))
        answer = unchanged.format(place=sql.Literal(number), total=total)
        return Check(name=CHANGED, table=whole, place=place, query=_asked(whole, answer), answer=answer)
    totals = [
        _asked(table, sql.SQL("pg_catalog.sum({}) AS total").format(total_of(use))) for table, use in found
    ]
    query = sql.SQL("SELECT {}").format(
        unchanged.format(
            place=sql.Literal(number),
            total=sql.SQL("(SELECT pg_catalog.sum(total) FROM ({}) AS now)").format(
                sql.SQL(" UNION ALL ").join(totals)
            ),
        )
    )
    return Check(name=CHANGED, table=whole, place=place, query=query)


def _more_than_kept(place: int, found: Sequence[tuple[Table, Use]]) -> sql.Composed:
    """How many raw values there are beyond those of the rows that a condition keeps."""
    texts = [
        sql.SQL("SELECT texts.value FROM {}, LATERAL {} AS texts (value)").format(
            rows_of(table), unnested(use)
        )
        for table, use in found
    ]
    return sql.SQL(
        "WITH raw AS (SELECT fingerprint,"
        " COALESCE(pg_catalog.sum(occurrences) FILTER (WHERE place = {kept}), 0) AS kept"
        " FROM refresh_mask.raw_values WHERE place IN ({place}, {kept}) GROUP BY fingerprint),"
        " now AS (SELECT {fingerprint} AS fingerprint, pg_catalog.count(*)::numeric AS occurrences"
        " FROM ({texts}) AS present (value) WHERE pg_catalog.btrim(value) <> '' GROUP BY 1)"
        " SELECT COALESCE(pg_catalog.sum(now.occurrences - raw.kept), 0)::int8"
        " FROM now JOIN raw ON raw.fingerprint = now.fingerprint AND now.occurrences > raw.kept"
    ).format(
        place=sql.Literal(place),
        kept=sql.Literal(-place),
        fingerprint=fingerprint(sql.Identifier("present", "value")),
        texts=sql.SQL(" UNION ALL ").join(texts),
    )


def _count(table: Table, condition: sql.Composable) -> sql.Composed:
    return sql.SQL("SELECT pg_catalog.count(*) FROM {} WHERE {}").format(rows_of(table), condition)


def _duplicates(table: Table, index: Index) -> sql.Composed:
    """How many rows too many share a key. Hashes that all differ prove it in a third of the time: a sort of numbers."""
    keys = [sql.SQL("({})").format(as_written(key)) for key in index.keys]
    given = [sql.SQL("({})").format(as_written(index.predicate))] if index.predicate else []
    not_null = [sql.SQL("{} IS NOT NULL").format(key) for key in keys if not index.nulls_not_distinct]
    exactly = sql.SQL(
        "SELECT COALESCE(pg_catalog.sum(found.occurrences - 1), 0)::int8"
        " FROM (SELECT pg_catalog.count(*) AS occurrences {} GROUP BY {} HAVING pg_catalog.count(*) > 1) AS found"
    ).format(_rows_where(table, [*given, *not_null]), sql.SQL(", ").join(keys))
    if not _has_hash(table, index):
        return exactly
    if not index.nulls_not_distinct and all(_is_hashed_as_text(table, index, at) for at in range(len(keys))):
        # Of a NULL the hash is NULL, which isn't counted: each key is computed once.
        hashing, rows = sql.SQL("pg_catalog.hashtextextended({}, {})"), _rows_where(table, given)
    else:
        # Of an array PostgreSQL takes the hash of its element's type.
        hashing = sql.SQL("pg_catalog.hash_array_extended(ARRAY[{}], {})")
        rows = _rows_where(table, [*given, *not_null])
    hashes = [hashing.format(key, sql.Literal(seed)) for seed, key in enumerate(keys)]
    return sql.SQL(
        "SELECT CASE WHEN (SELECT pg_catalog.count(hashed.key) - pg_catalog.count(DISTINCT hashed.key)"
        " FROM (SELECT {} AS key {} OFFSET 0) AS hashed) > 0 THEN ({}) ELSE 0 END"
    ).format(sql.SQL(" # ").join(hashes), rows, exactly)


def _rows_where(table: Table, conditions: Sequence[sql.Composable]) -> sql.Composed:
    where = sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")
    return sql.SQL("FROM {} WHERE {}").format(rows_of(table), where)


def _has_hash(table: Table, index: Index) -> bool:
    """Whether every key is of a type of which PostgreSQL hashes equal values alike."""
    return all(
        _is_folded(table, index, key) if name is None else table.columns_by_name[name].base_type in _HASHED
        for key, name in zip(index.keys, index.key_columns, strict=True)
    )


def _is_hashed_as_text(table: Table, index: Index, at: int) -> bool:
    """Whether a key is of a type whose values are equal where they are as texts."""
    name = index.key_columns[at]
    if name is None:
        # Of a column itself: what lower() makes of a range isn't a text.
        return bool(_FOLDS_A_COLUMN.fullmatch(index.keys[at])) and _is_folded(table, index, index.keys[at])
    return table.columns_by_name[name].base_type in ("text", "varchar")


def _is_folded(table: Table, index: Index, key: str) -> bool:
    return key.startswith(_FOLDS) and all(
        table.columns_by_name[name].base_type in TEXT for name in index.columns
    )


_HASHED = TEXT | INTEGERS | {"numeric", "uuid", "date", "timestamp", "timestamptz", "inet", "bytea", "bool"}
_FOLDS = ("lower(", "upper(", "md5(")
_FOLDS_A_COLUMN = re.compile(r'(?:lower|upper|md5)\(\(*(?:\w+|"(?:[^"]|"")+")(?:\)::text)?\)')
