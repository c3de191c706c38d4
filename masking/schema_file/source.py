"""The file as statements and tokens, so that an expression can be had as it stands there."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

import postgast
from postgast import PgQueryError

from masking.syntax.position import Position, position_at

# What psql does with a dump, and no server sees. https://www.postgresql.org/docs/current/app-psql.html
_PSQL_COMMAND = re.compile(r"^\\(?:restrict|unrestrict|connect|encoding|set)\b[^\n]*$", re.MULTILINE)
_OPENING, _CLOSING = (b"(", b"["), (b")", b"]")


class NotUnderstood(Exception):
    """A statement says what no catalogue can be made from; its argument says what."""


class NotSql(Exception):
    """The file isn't SQL, from ``position`` on."""

    def __init__(self, position: Position, message: str) -> None:
        self.position = position
        super().__init__(message)


class Token(NamedTuple):
    """Bytes ``start`` to ``end`` of the file; ``text`` in lower case."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True)
class Statement:
    """One statement: its parsed tree, and where its text is, in bytes."""

    kind: str
    node: Any
    source: bytes
    start: int
    end: int

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """Its tokens without comments."""
        text = self.source[self.start : self.end]
        names = postgast.pg_query_pb2.Token
        comments = {names.SQL_COMMENT, names.C_COMMENT}
        return [
            Token(self.start + found.start, self.start + found.end, text[found.start : found.end].lower())
            for found in postgast.scan(text.decode()).tokens
            if found.token not in comments
        ]

    def text(self, first: Token, last: Token) -> str:
        """From one token to another, as it stands there."""
        return self.source[first.start : last.end].decode()

    def tokens_from(self, offset: int) -> Sequence[Token]:
        """The tokens that begin at byte ``offset`` or after it."""
        return self.tokens[bisect_left(self.tokens, offset, key=attrgetter("start")) :]

    def inside(self, offset: int) -> str:
        """What the first parentheses from ``offset`` on enclose."""
        enclosed = self.enclosed(offset)
        return self.text(enclosed[0], enclosed[-1])

    def enclosed(self, offset: int) -> Sequence[Token]:
        """The tokens that the first parentheses from ``offset`` on enclose."""
        tokens = self.tokens_from(offset)
        opening = next(place for place, token in enumerate(tokens) if token.text == b"(")
        return tokens[opening + 1 : matching(tokens, opening)]

    def expression_from(self, offset: int, limit: int | None = None) -> str:
        """The expression that begins behind byte ``offset`` and ends at a comma, a parenthesis or ``limit``."""
        found = []
        depth = 0
        for token in self.tokens_from(offset):
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            ends = depth < 0 or (depth == 0 and token.text in (b",", b";"))
            if ends or (limit is not None and token.start >= limit):
                break
            found.append(token)
        return self.text(found[0], found[-1])

    def after(self, word: bytes, offset: int) -> Token | None:
        """The first token ``word`` from ``offset`` on that no parenthesis encloses."""
        depth = 0
        for token in self.tokens_from(offset):
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            if depth == 0 and token.text == word:
                return token
        return None


def matching(tokens: Sequence[Token], opening: int) -> int:
    """Where what ``tokens[opening]`` opens is closed."""
    depth = 0
    for place in range(opening, len(tokens)):
        depth += (tokens[place].text in _OPENING) - (tokens[place].text in _CLOSING)
        if depth == 0:
            return place
    raise AssertionError(tokens[opening])  # the parser has let it pass


def separated(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The parts between commas."""
    begin = depth = 0
    for place, token in enumerate(tokens):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and token.text == b",":
            yield tokens[begin:place]
            begin = place + 1
    yield tokens[begin:]


class Source:
    """The text of a schema file, called ``file`` in errors."""

    def __init__(self, text: str, file: str) -> None:
        # Blanks for what psql reads, so that places stay what they are.
        self.text = _PSQL_COMMAND.sub(lambda found: " " * len(found.group().encode()), text)
        self.file = file
        self._bytes = self.text.encode()

    def statements(self) -> Iterator[Statement]:
        """The statements in order.

        Raises:
            NotSql: the parser refuses the file.
        """
        try:
            tree = postgast.parse(self.text)
        except PgQueryError as error:
            raise NotSql(self.position(max(error.cursorpos - 1, 0)), error.message) from None
        for raw in tree.stmts:
            end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(self._bytes)
            kind = raw.stmt.WhichOneof("node")
            yield Statement(kind, getattr(raw.stmt, kind), self._bytes, raw.stmt_location, end)

    def position(self, offset: int) -> Position:
        """Where byte ``offset`` is."""
        return position_at(self.text, len(self._bytes[:offset].decode(errors="ignore")), self.file)

    def begin(self, statement: Statement) -> Position:
        """Where a statement's first token is."""
        return self.position(statement.tokens[0].start if statement.tokens else statement.start)
