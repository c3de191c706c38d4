"""What is remembered of raw values before they are masked, so that the verification can tell them: hashes, no values.

The hash is PostgreSQL's own of 64 bits, with a seed that is drawn for the run and dropped with our schema. By chance a
mask has some raw value's hash in one of 10⁷ columns of 10⁶ rows, and stops its run.

Afterwards every value must have its masker's form. So a raw value of another form can't be among them, and needn't be
remembered: of a million addresses at other hosts, none is.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from masking.catalogue import Table
from masking.maskers.masker import Use, as_written, text_of
from masking.statements.passes import identifier, unnested
from masking.syntax.expressions import qualified

#: What a captured row is called, where its columns stand beside others.
_ROW = "refresh_mask_row"
_VALUE = sql.Identifier("texts", "value")


def compares_raw(use: Use) -> bool:
    """Whether the masker says that no result can be a raw value."""
    return use.coincidence is None


def fingerprint(value: sql.Composable) -> sql.Composed:
    """A value's hash, in any case and without surrounding spaces."""
    return sql.SQL("refresh_mask.fingerprint({}, (SELECT refresh_mask.fingerprint_seed()))").format(value)


def capture_values(table: Table, places: Sequence[tuple[int, Use]]) -> sql.Composed | None:
    """Hashes of the raw values of columns that a mask might be and may not, or that some rows keep, with how often each
    occurs.

    Values of rows that a condition keeps are at the negative of the column's place. None where there is nothing to do.
    """
    parts = [
        sql.SQL("SELECT {place}, value FROM {texts} AS texts (value){where}").format(
            place=_place(place, use), texts=unnested(use), where=_that_a_mask_might_be(use)
        )
        for place, use in places
        if compares_raw(use) or use.keeps_rows
    ]
    if not parts:
        return None
    raw = sql.SQL(
        "SELECT raw.place, {fingerprint} AS fingerprint"
        " FROM ONLY {table} AS {row}, LATERAL ({parts}) AS raw (place, value)"
        " WHERE raw.value ~ '[^ ]'"
    ).format(
        fingerprint=fingerprint(sql.Identifier("raw", "value")),
        table=identifier(table),
        row=sql.Identifier(_ROW),
        parts=sql.SQL(" UNION ALL ").join(parts),
    )
    # How often a value is there is asked of columns only that keep some.
    counted = (
        "SELECT place, fingerprint, pg_catalog.count(*) FROM ({}) AS raw GROUP BY 1, 2"
        if any(use.keeps_rows for _, use in places)
        else "SELECT place, fingerprint, 1 FROM ({}) AS raw"
    )
    return sql.SQL("INSERT INTO refresh_mask.raw_values (place, fingerprint, occurrences) {}").format(
        sql.SQL(counted).format(raw)
    )


def looks_up(use: Use) -> bool:
    """Whether single raw values are looked up for the column, by an index then, instead of all compared with all."""
    return use.keeps_rows or (compares_raw(use) and use.column.is_array)


def capture_totals(table: Table, places: Sequence[tuple[int, Use]]) -> tuple[list[int], sql.Composed]:
    """The places of columns whose values must change as a whole, and a query of how many rows there are and of each
    such column's totals, two numbers: the sum of the hashes, and 1 where some row holds what must change, else 0.
    """
    changing = [(place, use) for place, use in places if use.changes]
    rows = sql.SQL("FROM ONLY {} AS {}").format(identifier(table), sql.Identifier(_ROW))
    any_changes = "(SELECT pg_catalog.count(*) FROM (SELECT {rows} WHERE {changes} LIMIT 1) AS found)"
    numbers = [
        sql.SQL("pg_catalog.sum({total}), " + any_changes).format(
            total=total_of(use), rows=rows, changes=_must_change(use)
        )
        for _, use in changing
    ]
    query = sql.SQL("SELECT {} {}").format(
        sql.SQL(", ").join([sql.SQL("pg_catalog.count(*)"), *numbers]), rows
    )
    return [place for place, _ in changing], query


def total_of(use: Use) -> sql.Composed:
    """The sum of the hashes that one row's column holds; NULL for none. Case beyond ASCII counts here, and spaces do:
    it is told from its raw self by less, and in a quarter of the time.
    """
    text = text_of(sql.Identifier(use.column.name)) if _is_one_text(use) else _VALUE
    hashed = sql.SQL(
        'pg_catalog.hashtextextended(pg_catalog.lower({} COLLATE pg_catalog."C"),'
        " (SELECT refresh_mask.fingerprint_seed()))"
    ).format(text)
    if _is_one_text(use):
        return hashed
    return sql.SQL("(SELECT pg_catalog.sum({}) FROM {} AS texts (value))").format(hashed, unnested(use))


def _must_change(use: Use) -> sql.Composed:
    """SQL that is true of a row with something in the column that may not stay as it is."""
    value = text_of(sql.Identifier(use.column.name)) if _is_one_text(use) else _VALUE
    tests = [sql.SQL("{} ~ '[^ ]'").format(value)]
    tests += [sql.SQL("({}) IS NOT TRUE").format(stays) for stays in _unchanged(use, value)]
    kept = _kept(use)
    if kept is not None:
        tests.append(sql.SQL("NOT {}").format(kept))
    together = sql.SQL(" AND ").join(tests)
    if _is_one_text(use):
        return together
    return sql.SQL("EXISTS (SELECT FROM {} AS texts (value) WHERE {})").format(unnested(use), together)


def _is_one_text(use: Use) -> bool:
    return use.values is None and not use.column.is_array


def _unchanged(use: Use, value: sql.Composable) -> list[sql.Composable]:
    return [part.masker.unchanged(part, value) for part in use.parts if part.masker.unchanged]


def _kept(use: Use) -> sql.Composable | None:
    """SQL that is true of a row that a condition keeps; None where it keeps none."""
    if use.condition is None or not use.keeps_rows:
        return None
    return sql.SQL("(({}) IS NOT TRUE)").format(as_written(qualified(use.condition.when, _ROW)))


def _place(place: int, use: Use) -> sql.Composable:
    kept = _kept(use)
    if kept is None:
        return sql.Literal(place)
    return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(kept, sql.Literal(-place), sql.Literal(place))


def _that_a_mask_might_be(use: Use) -> sql.Composable:
    """``WHERE`` for raw values that masks have to be compared with; all that rows keep are."""
    unchanged, formed, kept = _unchanged(use, _VALUE), _may_have_form(use), _kept(use)
    tests: list[sql.Composable] = []
    if unchanged:
        tests.append(sql.SQL("({}) IS NOT TRUE").format(sql.SQL(" OR ").join(unchanged)))
    if formed is not None:
        tests.append(formed)
    if not tests:
        return sql.SQL("")
    together = sql.SQL(" AND ").join(tests)
    return sql.SQL(" WHERE {}{}").format(
        together, sql.SQL(" OR {}").format(kept) if kept is not None else sql.SQL("")
    )


def _may_have_form(use: Use) -> sql.Composable | None:
    """SQL that is true of a raw value that, but for case and surrounding spaces, may have the masker's form; None where
    the form is no check of the column's, or isn't one of single values.
    """
    if use.keeps_rows or not _is_one_text(use):
        return None
    violation = use.violation(sql.Identifier(_ROW))
    if violation is None:
        return None
    # Beyond ASCII a fingerprint's case isn't the form's: those few are all remembered.
    return sql.SQL(
        "(pg_catalog.btrim({value}) <> {value} OR pg_catalog.octet_length({value}) <> pg_catalog.length({value})"
        " OR NOT {violation})"
    ).format(value=_VALUE, violation=violation)
