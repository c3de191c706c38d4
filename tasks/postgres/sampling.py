"""Samples rows for the suggester: the server counts shapes, so that no value travels or is kept.

A bounded number of rows per table is read, in a read-only transaction that is rolled back. What can't be read
(no privilege, a broken expression) has no sample; the suggester then goes by names alone and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from contracts.login import Login
from masking.catalogue import Catalogue, Check, Column, Table, TableName
from masking.maskers.masker import as_written
from masking.suggestion.kinds import family_of
from masking.suggestion.samples import ColumnSample, Samples
from masking.suggestion.trials import Trial, trials_of
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import SQL_DIRECTORY, statement

ROWS_MAX: Final = 500
#: A table larger than this is sampled by blocks all over it, not by its first rows.
_LARGE_ROWS: Final = 20_000
_VALUE_LENGTH_MAX: Final = 2_000
#: So many elements of one array are looked at.
_ELEMENTS_MAX: Final = 100
_STATEMENT_TIMEOUT_MS: Final = 20_000
_SHARE = "share_"
_LOGGER = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def sample_database(login: Login, database: str, catalogue: Catalogue) -> Samples:
    """Statistics of every column of ``database`` whose type can hold something personal."""
    with (
        safe_errors(f"database {database!r}", doing="sampling its values"),
        connect(login, database) as connection,
    ):
        return sample_over(connection, catalogue)


def sample_over(connection: Connection, catalogue: Catalogue) -> Samples:
    """As :func:`sample_database`, over ``connection``, whose transaction is rolled back."""
    columns: dict[tuple[TableName, str], ColumnSample] = {}
    trials: dict[tuple[TableName, str, str], bool] = {}
    connection.rollback()
    connection.execute("SET TRANSACTION READ ONLY")
    connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(_STATEMENT_TIMEOUT_MS))
    connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
    # A table whose policies hold for its owner too is refused rather than filtered: its rows were not looked at.
    connection.execute("SET LOCAL row_security = off")
    for table in catalogue.tables:
        if table.kind != "f" and table.extension is None and table.partition_of is None:
            for name, sample in _sample_table(connection, table):
                columns[table.id, name] = sample
            tried = list(trials_of(table))
            if tried and _is_readable(connection, table):
                for trial in tried:
                    trials[table.id, trial.column.name, trial.masker] = _passes(connection, table, trial)
    connection.rollback()
    return Samples(columns=columns, trials=trials, taken=True)


@cache
def _common_names() -> tuple[list[str], list[str]]:
    """First and last names that are common in several countries, in lower case."""
    first, last = (
        (SQL_DIRECTORY / "suggestion" / f"{kind}_names.txt").read_text(encoding="utf-8").split()
        for kind in ("first", "last")
    )
    return first, last


def _sample_table(connection: Connection, table: Table) -> Iterator[tuple[str, ColumnSample]]:
    shaped = [column for column in table.columns if _as_text(column) is not None]
    documents = [column for column in table.columns if column.base_type in ("json", "jsonb")]
    keys: dict[str, list[str]] = {}
    paths: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for row in _rows_of(connection, table, documents, _with_keys, ()):
        keys.setdefault(row["column"].name, []).append(row["key"])
    for row in _rows_of(connection, table, documents, _with_paths, ()):
        paths.setdefault(row["column"].name, []).append((tuple(row["path"]), row["type"]))
    for row in _rows_of(connection, table, shaped, _with_sampled, _common_names()):
        name = row["column"].name
        yield (
            name,
            ColumnSample(
                values=row["values"],
                distinct=row["distinct"],
                average_length=row["average_length"],
                average_words=row["average_words"],
                shares={
                    field.removeprefix(_SHARE): share
                    for field, share in row.items()
                    if field.startswith(_SHARE)
                },
                json_keys=tuple(keys.get(name, ())),
                json_paths=tuple(paths.get(name, ())),
            ),
        )


def _rows_of(
    connection: Connection,
    table: Table,
    columns: list[Column],
    query: Callable[[Table, list[Column]], sql.Composed],
    parameters: tuple[Any, ...],
) -> list[dict[str, Any]]:
    """The rows about ``columns``, each with its ``column``; one that can't be read doesn't hide the others."""
    if not columns:
        return []
    rows = _answer(connection, query(table, columns), parameters)
    if rows is not None:
        return [{**row, "column": columns[row["number"]]} for row in rows]
    if len(columns) == 1:
        return []
    return [row for column in columns for row in _rows_of(connection, table, [column], query, parameters)]


def _answer(
    connection: Connection, query: sql.Composed, parameters: tuple[Any, ...] = ()
) -> list[dict[str, Any]] | None:
    """The rows; None where the server refused, whose reason may quote a value and is dropped."""
    try:
        with connection.transaction(), psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
            return cursor.execute(query, parameters).fetchall()
    except psycopg.Error as error:
        _LOGGER.debug("a sample couldn't be taken (SQLSTATE %s)", error.sqlstate)
        return None


def _as_text(column: Column) -> sql.Composable | None:
    """A query for a column's value as text for the shapes, an array's elements each; None for types that hold nothing
    personal, or that shapes say nothing about.
    """
    value: sql.Composable = sql.SQL("r.{}").format(sql.Identifier(column.name))
    family = family_of(column.element_type)
    if column.is_array:
        if family not in ("text", "json"):
            return None
        return sql.SQL("SELECT pg_catalog.left(e::text, {}) FROM pg_catalog.unnest({}) AS e LIMIT {}").format(
            _VALUE_LENGTH_MAX, value, _ELEMENTS_MAX
        )
    if family == "bytes":
        # Bytes that are text stay so; the others become \\ooo.
        return sql.SQL("SELECT pg_catalog.encode(pg_catalog.substr({}, 1, {}), 'escape')").format(
            value, _VALUE_LENGTH_MAX
        )
    if family not in ("text", "integer", "number", "json"):
        return None
    return sql.SQL("SELECT pg_catalog.left({}::text, {})").format(value, _VALUE_LENGTH_MAX)


def _sample_of(table: Table) -> sql.Composed:
    block_sample: sql.Composable = sql.SQL("")
    if table.kind in ("r", "p", "m") and table.estimated_rows > _LARGE_ROWS:
        percent = min(100.0, 100.0 * 20 * ROWS_MAX / table.estimated_rows)
        block_sample = sql.SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(percent)
    return sql.SQL("(SELECT * FROM {}{} LIMIT {})").format(
        sql.Identifier(table.schema, table.name), block_sample, ROWS_MAX
    )


def _with_sampled(table: Table, columns: list[Column]) -> sql.Composed:
    values = [
        sql.SQL("SELECT {}, v.value FROM ({}) AS v (value)").format(number, as_text)
        for number, column in enumerate(columns)
        if (as_text := _as_text(column)) is not None
    ]
    return sql.SQL(
        "WITH sampled (number, value) AS MATERIALIZED (SELECT c.number, c.value FROM {} AS r"
        " CROSS JOIN LATERAL ({}) AS c (number, value) WHERE c.value IS NOT NULL)\n{}"
    ).format(_sample_of(table), sql.SQL(" UNION ALL ").join(values), statement("suggestion/shapes.sql"))


def _with_keys(table: Table, columns: list[Column]) -> sql.Composed:
    return _with_documents(table, columns, statement("suggestion/json_keys.sql"))


def _with_paths(table: Table, columns: list[Column]) -> sql.Composed:
    return _with_documents(table, columns, statement("suggestion/json_paths.sql"))


def _with_documents(table: Table, columns: list[Column], query: sql.SQL) -> sql.Composed:
    values = [
        sql.SQL("({}, r.{}::jsonb)").format(number, sql.Identifier(column.name))
        for number, column in enumerate(columns)
    ]
    return sql.SQL(
        "WITH sampled (number, document) AS MATERIALIZED (SELECT c.number, c.document FROM {} AS r"
        " CROSS JOIN LATERAL (VALUES {}) AS c (number, document) WHERE c.document IS NOT NULL)\n"
        "SELECT * FROM ({}) AS found"
    ).format(_sample_of(table), sql.SQL(", ").join(values), query)


def _is_readable(connection: Connection, table: Table) -> bool:
    return _answer(connection, sql.SQL("SELECT FROM {} AS r").format(_sample_of(table))) is not None


def _passes(connection: Connection, table: Table, trial: Trial) -> bool:
    """Whether sampled rows would still satisfy the column's CHECKs, had the masker's example been put in."""
    columns = [
        sql.SQL("{} AS {}").format(trial.value, sql.Identifier(column.name))
        if column.name == trial.column.name
        else sql.SQL("r.{}").format(sql.Identifier(column.name))
        for column in table.columns
    ]
    conditions = [_condition(check) for check in trial.checks] or [sql.SQL("true")]
    # OFFSET 0 keeps the planner from leaving out a cast that nothing reads.
    query = sql.SQL(
        "SELECT count({}) AS read, count(*) FILTER (WHERE NOT ({})) AS broken"
        " FROM (SELECT {} FROM {} AS r OFFSET 0) AS {}"
    ).format(
        sql.Identifier(trial.column.name),
        sql.SQL(" AND ").join(conditions),
        sql.SQL(", ").join(columns),
        _sample_of(table),
        sql.Identifier(table.name),
    )
    rows = _answer(connection, query)
    return rows is not None and rows[0]["broken"] == 0


def _condition(check: Check) -> sql.Composable:
    return sql.SQL("({})").format(as_written(check.expression))
