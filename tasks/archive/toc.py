"""What ``pg_restore --list`` says of an archive's table of contents, and what a load takes of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from contracts.errors import ArchiveInvalid

# Kinds of more than one word, longest first; any other kind is one word.
# https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_dump.c (ArchiveEntry's description)
_KINDS_OF_WORDS = (
    "PUBLICATION TABLES IN SCHEMA", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH TEMPLATE",
    "MATERIALIZED VIEW DATA", "TEXT SEARCH PARSER", "FOREIGN DATA WRAPPER",
    "DATABASE PROPERTIES", "PROCEDURAL LANGUAGE",
    "CHECK CONSTRAINT", "MATERIALIZED VIEW", "SUBSCRIPTION TABLE", "SEQUENCE OWNED BY", "PUBLICATION TABLE",
    "STATISTICS DATA", "OPERATOR FAMILY", "SECURITY LABEL", "OPERATOR CLASS", "ACCESS METHOD", "EVENT TRIGGER",
    "FOREIGN TABLE", "FOREIGN SERVER", "FK CONSTRAINT", "BLOB COMMENTS", "BLOB METADATA", "USER MAPPING",
    "SEQUENCE SET",    "TABLE ATTACH", "INDEX ATTACH", "ROW SECURITY", "DEFAULT ACL", "SHELL TYPE", "TABLE DATA",
)  # fmt: skip
_LINE = re.compile(r"^(?P<dump_id>\d+); (?P<class_oid>\d+) (?P<oid>\d+) (?P<rest>.*)$")
_COPY = re.compile(
    r'^COPY (?P<table>(?:"(?:[^"]|"")+"|[^\s".(]+)\.(?:"(?:[^"]|"")+"|[^\s".(]+)) +'
    r"(?:\((?P<columns>.*)\) )?FROM stdin;$",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class TocEntry:
    """``line`` is what ``--use-list`` takes; ``oid`` that of the object in the database that was dumped."""

    dump_id: int
    oid: int
    kind: str
    line: str

    @property
    def name(self) -> str:
        """Kind, schema, name and owner, as pg_restore prints them."""
        return self.line.split(" ", 3)[3].strip()


def parse_list(text: str) -> tuple[TocEntry, ...]:
    """The entries of ``pg_restore --list``, in their order."""
    entries = []
    for line in text.splitlines():
        if match := _LINE.match(line):
            rest = match["rest"]
            kind = next((kind for kind in _KINDS_OF_WORDS if rest.startswith(kind + " ")), rest.split(" ")[0])
            entries.append(
                TocEntry(dump_id=int(match["dump_id"]), oid=int(match["oid"]), kind=kind, line=line)
            )
    return tuple(entries)


def use_list(entries: Iterable[TocEntry]) -> str:
    """The text of a file for ``pg_restore --use-list``."""
    return "".join(f"{entry.line}\n" for entry in entries)


# Kinds that an archive must not carry, with what they would carry outward.
FORBIDDEN_KINDS = {
    "BLOB": "large objects, which masking doesn't read",
    "BLOBS": "large objects, which masking doesn't read",
    "BLOB METADATA": "large objects, which masking doesn't read",
    "STATISTICS DATA": "planner statistics, which quote values",
    "SUBSCRIPTION": "a subscription's connection string",
    "USER MAPPING": "a foreign server's password",
}


class Pass(Enum):
    """Which call of pg_restore brings an entry; the order here is the order of the calls."""

    SCHEMAS = "schemas, which extensions are put into"
    EXTENSIONS = "extensions, created by the login itself, which is in rds_superuser"
    PRE_DATA = "everything else before the data, owned by the owner role"
    SEQUENCES = "values of sequences"
    POST_DATA = "indexes, constraints, triggers and rules"
    MATERIALIZED_VIEWS = "refreshed once the tables they read are indexed and analyzed"
    PRIVILEGED = "event triggers and publications, some of which only rds_superuser may create"


_PRE_DATA_KINDS_APART = {"SCHEMA": Pass.SCHEMAS, "EXTENSION": Pass.EXTENSIONS}
_POST_DATA_KINDS_APART = {
    "MATERIALIZED VIEW DATA": Pass.MATERIALIZED_VIEWS,
    "EVENT TRIGGER": Pass.PRIVILEGED,
    "PUBLICATION": Pass.PRIVILEGED,
    "PUBLICATION TABLE": Pass.PRIVILEGED,
    "PUBLICATION TABLES IN SCHEMA": Pass.PRIVILEGED,
}
# Comments stand in the section of what they describe, and need the same role.
_COMMENT_ON_PRIVILEGED = re.compile(r"^COMMENT - (?:EVENT TRIGGER|PUBLICATION) ")
_COMMENT_ON_EXTENSION = re.compile(r"^COMMENT - EXTENSION ")


def pass_of_pre_data(entry: TocEntry) -> Pass | None:
    """The pass of an entry of section pre-data; None for what isn't restored.

    Comments on extensions aren't: CREATE EXTENSION sets them, and on Aurora an extension's owner is rdsadmin.
    """
    if _COMMENT_ON_EXTENSION.match(entry.name):
        return None
    return _PRE_DATA_KINDS_APART.get(entry.kind, Pass.PRE_DATA)


def pass_of_post_data(entry: TocEntry) -> Pass:
    if _COMMENT_ON_PRIVILEGED.match(entry.name):
        return Pass.PRIVILEGED
    return _POST_DATA_KINDS_APART.get(entry.kind, Pass.POST_DATA)


@dataclass(frozen=True, kw_only=True)
class CopyStatement:
    """pg_dump's own COPY of one table. Both parts are SQL, quoted by pg_dump.

    ``columns`` is None for a table without columns. Generated columns aren't among them. Where masking has put the
    table's rows into inheritance children, they are read from those.
    """

    table: str
    columns: str | None
    rows_in_children: bool = False

    def from_stdin(self) -> bytes:
        return f"COPY {self.table}{self._list()} FROM STDIN".encode()

    def to_stdout(self, predicate: str | None) -> bytes:
        """The same rows the other way, or those for which ``predicate`` holds."""
        if predicate is None and not self.rows_in_children:
            return f"COPY {self.table}{self._list()} TO STDOUT".encode()
        # Quoted by pg_dump, never put together from a bare name or value.
        source = self.table if self.rows_in_children else f"ONLY {self.table}"
        selected = f"SELECT {self.columns or ''} FROM {source} WHERE {predicate or 'true'}"  # noqa: S608
        return f"COPY ({selected}) TO STDOUT".encode()

    def _list(self) -> str:
        return "" if self.columns is None else f" ({self.columns})"


def parse_copy_statements(script: str, token: str) -> dict[int, CopyStatement]:
    """Each table's COPY statement by dump id; in ``script``, a line ``{token} {dump id}`` stands for its rows."""
    statements = {}
    # Each piece ends with a COPY statement, and (but for the first) begins with the last table's end mark.
    pieces = re.split(rf"^{re.escape(token)} (\d+)\n", script, flags=re.MULTILINE)
    for text, dump_id in zip(pieces[:-1:2], pieces[1::2], strict=True):
        # pg_restore flattens line breaks in a comment, so the first blank line behind one is the header's end.
        _, _, statement = text.partition("\n-- Data for Name: ")[2].partition("\n--\n\n")
        match = _COPY.match(statement.strip("\n"))
        if match is None:
            raise ArchiveInvalid(
                f"pg_restore shows no COPY statement for entry {dump_id}",
                resource="toc.dat",
                remedy="It wasn't made by pg_dump --format=directory with COPY: take a new dump.",
            )
        statements[int(dump_id)] = CopyStatement(table=match["table"], columns=match["columns"])
    return statements
