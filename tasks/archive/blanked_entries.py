"""Entries of an archive whose SQL is blanked, since no option of pg_dump's keeps it out.

What an archive that isn't plain text says of the database itself, which no refresh restores, holds what applications
keep there (``ALTER DATABASE … SET app.jwt_secret``), and only superusers may reset that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

from contracts.errors import ArchiveInvalid
from contracts.manifest import TOC_NAME
from masking.proof.literals import SchemaEntry, entries_of
from tasks.client_tools import ClientTools

_PROPERTIES = "DATABASE PROPERTIES"
_CONNECT = "\n\\connect "
_END = "\n--\n-- PostgreSQL database dump complete"
_UNRESTRICT = re.compile(r"\n+\\unrestrict \S+\s*\Z")
# What the next entry needs.
_SETTINGS = re.compile(r"(?:\n+SET default_\w+ = .*;)+\s*\Z")


def read_entries(tools: ClientTools, directory: Path) -> tuple[SchemaEntry, ...]:
    """The entries of ``directory/toc.dat`` with their SQL: those of the database itself, owners and grants too."""
    finished = tools.run(
        "pg_restore", ["--schema-only", "--create", "--file=-", str(directory)], resource=TOC_NAME
    )
    return tuple(entries_of(finished.stdout.decode()))


def blank_entries(tools: ClientTools, directory: Path, *, extensions: Collection[str]) -> None:
    """Put blanks, as many, in the place of the SQL of the database's properties, and of these extensions with their
    comments: before PostgreSQL 17 pg_dump leaves none out that leaves nothing else out, such as event triggers. Nothing
    else in ``toc.dat`` moves.

    Raises:
        ArchiveInvalid: it isn't as pg_dump writes it.
    """
    comments = {f"EXTENSION {name}" for name in extensions}

    def is_wanted(entry: SchemaEntry) -> bool:
        return (
            entry.kind == _PROPERTIES
            or (entry.kind == "EXTENSION" and entry.name in extensions)
            or (entry.kind == "COMMENT" and entry.schema == "-" and entry.name in comments)
        )

    texts = _texts(tools, directory, is_wanted)
    toc = directory / TOC_NAME
    found = toc.read_bytes()
    for text in texts:
        if found.count(text) != 1:
            raise _unknown()
        found = found.replace(text, b" " * len(text))
    if texts:
        toc.write_bytes(found)
        if _texts(tools, directory, is_wanted):
            raise _unknown()


def _texts(tools: ClientTools, directory: Path, wanted: Callable[[SchemaEntry], bool]) -> list[bytes]:
    """The SQL of the entries, without what pg_restore adds."""
    ours = []
    for entry in read_entries(tools, directory):
        if wanted(entry):
            text = entry.text.partition(_END)[0]
            # What follows makes psql go on in the database.
            text = text.rpartition(_CONNECT)[0] if _CONNECT in text else text
            ours.append(_SETTINGS.sub("", _UNRESTRICT.sub("", text)).strip())
    return [text.encode() for text in ours if text]


def _unknown() -> ArchiveInvalid:
    return ArchiveInvalid(
        "what is to be left out can't be found in it",
        resource=TOC_NAME,
        remedy="This pg_dump writes it in another way than the versions that are known: use one of those.",
    )
