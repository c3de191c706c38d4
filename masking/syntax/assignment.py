"""What PostgreSQL makes of a value when it is assigned to a column, as an expression.

An assignment converts to the column's type and then holds the value to its length: other than ``CAST``, which cuts
what is too long, it raises an error. Both go through one function, and that can be called by its name.
https://www.postgresql.org/docs/current/typeconv-query.html
"""

from __future__ import annotations

from psycopg import sql

from masking.catalogue import Column
from masking.maskers.masker import as_written

#: What a type's modifier is more than its length (VARHDRSZ).
_MODIFIER_OFFSET = {"varchar": 4, "bpchar": 4, "bit": 0, "varbit": 0}


def assigned(value: sql.Composable, column: Column) -> sql.Composable | None:
    """``value`` as the column would hold it, of the column's type; None where no expression says so.

    It holds for values that PostgreSQL lets be assigned at all: ``CAST`` converts some that an assignment refuses.
    """
    if column.max_length is None:
        return sql.SQL("CAST({} AS {})").format(value, as_written(column.type))
    if column.is_array:
        return None  # each element is held to the length, and nothing does that by itself
    base = sql.Identifier(column.base_type_schema, column.base_type)
    modifier = column.max_length + _MODIFIER_OFFSET[column.base_type]
    held = sql.SQL("{}(CAST({} AS {}), {}, false)").format(base, value, base, sql.Literal(modifier))
    if column.domain is None:
        return held
    return sql.SQL("CAST({} AS {})").format(held, as_written(column.type))
