"""What an archive says of the database itself, which no refresh restores: the settings made for it, blanked.

pg_dump writes them into every archive that isn't plain text, and no option of its keeps them out. They hold what
applications keep there (``app.jwt_secret``), and only superusers may reset that.
"""

from __future__ import annotations

import re
from pathlib import Path

from contracts.errors import ArchiveInvalid
from contracts.manifest import TOC_NAME
from masking.proof.literals import SchemaEntry, entries_of
from tasks.client_tools import ClientTools

_KIND = "DATABASE PROPERTIES"
_CONNECT = "\n\\connect "
_UNRESTRICT = re.compile(r"\n+\\unrestrict \S+\s*\Z")


def read_entries(tools: ClientTools, directory: Path) -> tuple[SchemaEntry, ...]:
    """The entries of ``directory/toc.dat`` with their SQL, those of the database itself too."""
    finished = tools.run(
        "pg_restore",
        ["--schema-only", "--create", "--no-owner", "--no-privileges", "--file=-", str(directory)],
        resource=TOC_NAME,
    )
    return tuple(entries_of(finished.stdout.decode()))


def blank_database_properties(tools: ClientTools, directory: Path) -> None:
    """Put blanks, as many, in the place of that entry's SQL: nothing else in ``toc.dat`` moves.

    Raises:
        ArchiveInvalid: it isn't as pg_dump writes it.
    """
    texts = _properties(tools, directory)
    toc = directory / TOC_NAME
    found = toc.read_bytes()
    for text in texts:
        if found.count(text) != 1:
            raise _unknown()
        found = found.replace(text, b" " * len(text))
    if texts:
        toc.write_bytes(found)
        if _properties(tools, directory):
            raise _unknown()


def _properties(tools: ClientTools, directory: Path) -> list[bytes]:
    texts = [entry.text for entry in read_entries(tools, directory) if entry.kind == _KIND]
    # What follows makes psql go on in the database.
    ours = [_UNRESTRICT.sub("", text.rpartition(_CONNECT)[0]).strip() for text in texts]
    return [text.encode() for text in ours if text]


def _unknown() -> ArchiveInvalid:
    return ArchiveInvalid(
        "the settings made for the database can't be found in it to be left out",
        resource=TOC_NAME,
        remedy="This pg_dump writes it in another way than the versions that are known: use one of those.",
    )
