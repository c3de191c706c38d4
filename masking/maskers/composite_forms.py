"""Composite types by attribute, as SQL: each attribute by its own masker, put together again."""

from __future__ import annotations

from psycopg import sql

from masking.maskers.masker import Use
from masking.syntax.assignment import assigned


def masked_by_attribute(use: Use, value: sql.Composable) -> sql.Composable:
    """A composite whose attributes are masked; one that isn't there stays so. No attribute is cut to its length."""
    masks = {inner.column.name: inner for inner in use.inner}
    parts = []
    for attribute in use.column.attributes:
        inner = masks[attribute.name]
        mask = inner.masked(attribute_of(use, value, attribute.name))
        parts.append(mask if not inner.masker.masks else assigned(mask, attribute) or mask)
    # Other than IS NULL, this tells a composite of NULLs from none.
    return sql.SQL("CASE WHEN {value} IS DISTINCT FROM NULL THEN CAST(ROW({parts}) AS {type}) END").format(
        value=value, parts=sql.SQL(", ").join(parts), type=use.element_type
    )


def holds_by_attribute(use: Use, value: sql.Composable) -> sql.Composable:
    """Whether every attribute holds its masker's results."""
    offences = [
        offence
        for inner in use.inner
        if (offence := inner.offends(attribute_of(use, value, inner.column.name))) is not None
    ]
    return sql.SQL("{value} IS NOT DISTINCT FROM NULL OR NOT ({offences})").format(
        value=value, offences=sql.SQL(" OR ").join(offences) if offences else sql.SQL("false")
    )


def attribute_of(use: Use, value: sql.Composable, name: str) -> sql.Composable:
    """An attribute of a value of the type that ``use`` masks."""
    return sql.SQL("(CAST({} AS {})).{}").format(value, use.element_type, sql.Identifier(name))
