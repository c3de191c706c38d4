"""The database that ``--dsn`` names. A password in it is refused: everybody on a machine can read its command lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from contracts.errors import ConfigurationError, DatabaseError
from masking.catalogue import Catalogue
from masking.suggestion.samples import Samples
from tasks.postgres.catalogue import read_catalogue_over
from tasks.postgres.connection import safe_errors
from tasks.postgres.sampling import sample_over

# What libpq takes as a secret. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_WAYS = "the environment variable PGPASSWORD, a file that PGPASSFILE names, or a service in pg_service.conf"
_CONNECT_TIMEOUT_S = 10


def read_catalogue_at(dsn: str) -> Catalogue:
    """The catalogue of the database that a libpq conninfo or URL names; no row of the user's is read.

    Raises:
        ConfigurationError: it holds a password, or isn't a conninfo.
        DatabaseError: the database can't be reached or read.
    """
    with _connected(dsn, doing="reading its catalogue") as connection:
        return read_catalogue_over(connection)


def read_and_sample(dsn: str) -> tuple[Catalogue, Samples]:
    """As :func:`read_catalogue_at`, and what the shapes of sampled values say; no value leaves the server."""
    with _connected(dsn, doing="sampling its values") as connection:
        catalogue = read_catalogue_over(connection)
        return catalogue, sample_over(connection, catalogue)


@contextmanager
def _connected(dsn: str, *, doing: str) -> Iterator[psycopg.Connection[Any]]:
    given = _without_secret(dsn)
    where = given.get("service") or given.get("host") or given.get("hostaddr") or "this machine"
    resource = f"database {given.get('dbname', 'of the default name')!r} on {where}"
    parameters: dict[str, Any] = {
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": "dev-db-refresh",
        **given,
        "client_encoding": "UTF8",
    }
    try:
        with safe_errors(resource, doing="connecting"):
            connection = psycopg.connect(**parameters)
    except DatabaseError as error:
        raise DatabaseError(
            error.what,
            resource=resource,
            remedy=f"Check the host, the names and the password, which is read from {_WAYS}.",
            sqlstate=error.sqlstate,
        ) from None
    with safe_errors(resource, doing=doing), connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def _without_secret(dsn: str) -> dict[str, Any]:
    """The conninfo's parts. No error quotes it: what can't be read could be a password."""
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        raise ConfigurationError(
            "it is no libpq conninfo or URL",
            resource="--dsn",
            remedy="Write it as postgresql://user@host:5432/database or as: host=… dbname=… user=…",
        ) from None
    found = [name for name in _SECRETS if name in given]
    if found:
        raise ConfigurationError(
            f"it holds a secret ({', '.join(found)}), which every user of this machine can read while it runs",
            resource="--dsn",
            remedy=f"Leave it out, and give it by {_WAYS}.",
        )
    return given
