"""The gate to PostgreSQL: every connection is made here, and no error leaves with what could quote a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from contracts.errors import DatabaseError, RefreshError
from contracts.login import Login
from tasks.rotated_password import past_rotation

# Class 08 is a broken connection, 40 a rolled back transaction, 53 missing resources, 57P a server going down or
# starting up: the same statement may pass later. https://www.postgresql.org/docs/current/errcodes-appendix.html
_TRANSIENT = ("08", "40", "53", "57P")

_WORDS_AT_CONNECT = {
    "password authentication failed": "28P01",
    # How Aurora answers an IAM token that it doesn't accept.
    "PAM authentication failed": "28000",
    "no pg_hba.conf entry": "28000",
    "does not exist": "3D000",
    "remaining connection slots": "53300",
    "too many clients": "53300",
    "the database system is": "57P03",
}


def connect(
    login: Login, database: str, *, autocommit: bool = False, options: str = ""
) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection with ``verify-full`` TLS. Use it inside :func:`safe_errors`.

    A password that is refused may be one that was rotated since it was read: it is read anew and tried once more.
    """
    return past_rotation(lambda: connect_once(login, database, autocommit=autocommit, options=options))


def connect_once(
    login: Login, database: str, *, autocommit: bool = False, options: str = ""
) -> psycopg.Connection[tuple[Any, ...]]:
    """As :func:`connect`, for who asks again and again by itself."""
    parameters: dict[str, Any] = login.connect_parameters(database, options=options)
    with safe_errors(f"database {database!r} on {login.host}:{login.port}", doing="connecting"):
        return psycopg.connect(**parameters, autocommit=autocommit)


@contextmanager
def safe_errors(resource: str, *, doing: str) -> Iterator[None]:
    """Translate psycopg's errors, whose DETAIL and message can quote rows, into :class:`DatabaseError`.

    What is kept: the SQLSTATE, its name, and the schema objects that the server names in fields of their own.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translated(error, resource, doing=doing) from None


def translated(error: psycopg.Error, resource: str, *, doing: str) -> RefreshError:
    """``error`` without anything that could quote a row."""
    sqlstate = error.sqlstate or _sqlstate_at_connect(str(error))
    diagnosis = error.diag
    place = ".".join(
        part for part in (diagnosis.schema_name, diagnosis.table_name, diagnosis.column_name) if part
    )
    constraint = diagnosis.constraint_name or ""
    facts = [type(error).__name__]
    facts += [f"SQLSTATE {sqlstate}"] if sqlstate else []
    facts += [f"at {place}"] if place else []
    facts += [f"constraint {constraint}"] if constraint else []
    return DatabaseError(
        f"PostgreSQL refused while {doing} ({', '.join(facts)})",
        resource=resource,
        remedy=_remedy(sqlstate),
        sqlstate=sqlstate,
        constraint=constraint,
        is_transient=not sqlstate or sqlstate.startswith(_TRANSIENT),
    )


def _sqlstate_at_connect(message: str) -> str:
    """libpq gives no SQLSTATE for a refused connection, only the server's words, which quote no row."""
    return next((sqlstate for words, sqlstate in _WORDS_AT_CONNECT.items() if words in message), "")


def _remedy(sqlstate: str) -> str:
    match sqlstate:
        case "":
            return "The server couldn't be reached: check its address, its security group and its certificate's CA."
        case "28P01":
            return "The user name or password is wrong: check the secret that the environment names."
        case "28000":
            return (
                "The server lets this user in by no such login. By IAM: grant it rds_iam, and give the role"
                " rds-db:connect on it. By password: take rds_iam from it; connect from an allowed address."
            )
        case "3D000":
            return "There is no such database: check the name in the environment."
        case "42501":
            return "The user lacks a privilege: grant it, or use the cluster's master user."
        case _:
            return "See PostgreSQL's error codes for the SQLSTATE; the server's log has the statement."
