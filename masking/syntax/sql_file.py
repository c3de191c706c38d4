"""A file of SQL statements, split by PostgreSQL's own parser, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import postgast
from postgast import PgQueryError

from contracts.errors import PolicyInvalid
from masking.syntax.position import Position, position_at


def statements_of(text: str, file: str, *, remedy: str = "Mend it.") -> Iterator[tuple[Any, str, Position]]:
    """The parsed statements in order, each with its text and where it begins. Raises :class:`PolicyInvalid`."""
    encoded = text.encode()
    try:
        tree = postgast.parse(text)
    except PgQueryError as error:
        offset = len(encoded[: max(error.cursorpos - 1, 0)].decode(errors="ignore"))
        raise PolicyInvalid(
            f"it isn't SQL: {error.message}", resource=str(position_at(text, offset, file)), remedy=remedy
        ) from None
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
        yield raw.stmt, written[first:].decode().strip(), position_at(text, offset, file)
