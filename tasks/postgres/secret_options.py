"""Secrets that stand in the options of foreign servers and wrappers, where the schema's dump would carry them."""

from __future__ import annotations

import re
from typing import Final

import psycopg
from psycopg import sql

from contracts.errors import PreconditionFailed
from tasks.postgres.masking_session import Connection, become_member

_NAMES: Final = re.compile(
    r"pass(?:word|wd|phrase|file)?|pwd|secret|token|credential|private|auth|api_?key|access_?key|^key$",
    re.IGNORECASE,
)
#: A connection string with a password, or a URL with one.
_VALUES: Final = re.compile(r"\b(?:password|passwd|pwd)\s*=|://[^/\s:@]+:[^/\s@]+@", re.IGNORECASE)


def is_secret(name: str, value: str) -> bool:
    """Whether an option of a foreign server or wrapper lets somebody in."""
    return bool(_NAMES.search(name) or _VALUES.search(value))


def drop_secret_options(connection: Connection) -> int:
    """Those of foreign servers and wrappers; the others stay, and so do the servers. How many there were.

    Raises:
        PreconditionFailed: one may not be dropped.
    """
    found = connection.execute(
        "SELECT 'SERVER', s.srvname::text, pg_catalog.pg_get_userbyid(s.srvowner)::text, o.option_name, o.option_value"
        "  FROM pg_catalog.pg_foreign_server s, pg_catalog.pg_options_to_table(s.srvoptions) o"
        " UNION ALL"
        " SELECT 'FOREIGN DATA WRAPPER', w.fdwname::text, pg_catalog.pg_get_userbyid(w.fdwowner)::text,"
        "        o.option_name, o.option_value"
        "  FROM pg_catalog.pg_foreign_data_wrapper w, pg_catalog.pg_options_to_table(w.fdwoptions) o"
    ).fetchall()
    secret = [one for one in found if is_secret(one[3], one[4] or "")]
    for kind, name, owner, option, _ in secret:
        resource = f"{kind.lower()} {name!r}"
        become_member(connection, owner, owns=resource)
        try:
            connection.execute(
                sql.SQL("ALTER {} {} OPTIONS (DROP {})").format(
                    sql.SQL(kind), sql.Identifier(name), sql.Identifier(option)
                )
            )
        except psycopg.Error:
            raise PreconditionFailed(
                f"its option {option!r} looks like a secret and can't be dropped in the clone",
                resource=resource,
                remedy="At the source, put it into a user mapping: those are dropped.",
            ) from None
    return len(secret)
