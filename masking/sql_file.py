"""A file of SQL statements, split by PostgreSQL's own parser, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import postgast
from postgast import PgQueryError

from masking.position import Position, position_at
from masking.rules import invalid


def statements_of(text: str, file: str) -> Iterator[tuple[Any, Position]]:
    """The parsed statements in order, and where each begins. Raises :class:`PolicyInvalid`."""
    encoded = text.encode()
    try:
        tree = postgast.parse(text)
    except PgQueryError as error:
        offset = len(encoded[: max(error.cursorpos - 1, 0)].decode(errors="ignore"))
        raise invalid(position_at(text, offset, file), f"it isn't SQL: {error.message}", "Mend it.") from None
    for raw in tree.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
        written = encoded[raw.stmt_location : end]
        # A statement's location is where the one before it ended: comments and blanks come first.
        first = next(
            token.start
            for token in postgast.scan(written.decode()).tokens
            if "COMMENT" not in postgast.pg_query_pb2.Token.Name(token.token)
        )
        offset = len(encoded[: raw.stmt_location + first].decode())
        yield raw.stmt, position_at(text, offset, file)
