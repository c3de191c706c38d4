"""How a database server is reached. Lives in memory only: it is never a Prefect parameter, result or log line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

# What ALTER DATABASE … SET and ALTER ROLE … SET give the sessions of a database's own users would cut ours short or
# keep them from writing. Options of the connection go before both.
# https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SHELL
SESSION_OPTIONS = (
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c default_transaction_read_only=off"
)


@dataclass(frozen=True, kw_only=True)
class Login:
    """One user on one server; ``ca_bundle`` is the PEM file that its certificate must chain to.

    ``password`` reads the password as it is at that moment, and is asked for each connection: it may be
    rotated meanwhile.
    """

    host: str
    port: int
    username: str
    password: Callable[[], SecretStr] = field(repr=False)
    ca_bundle: Path

    def connect_parameters(self, database: str, *, options: str = "") -> dict[str, str | int]:
        """libpq keywords, password included: hand them to ``psycopg.connect(**…)``, print them nowhere.

        ``options`` (``-c name=value …``) stand behind those that every session of ours has.
        UTF-8 is fixed because masked values are hashes of ``textsend(value)``, which converts to the
        client's encoding. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
        """
        return {
            "host": self.host,
            "port": self.port,
            "user": self.username,
            "password": self.password().get_secret_value(),
            "dbname": database,
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca_bundle),
            "client_encoding": "UTF8",
            "application_name": "dev-db-refresh",
            "options": f"{SESSION_OPTIONS} {options}".rstrip(),
            "connect_timeout": 10,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 6,
        }

    def libpq_environment(self, database: str, *, options: str = "") -> dict[str, str]:
        """Environment variables for pg_dump, pg_restore and psql, so that no secret is on a command line.

        ``options`` (``-c name=value …``) stand behind those that every session of ours has.
        https://www.postgresql.org/docs/current/libpq-envars.html
        """
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.username,
            "PGPASSWORD": self.password().get_secret_value(),
            "PGDATABASE": database,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.ca_bundle),
            "PGCLIENTENCODING": "UTF8",
            "PGAPPNAME": "dev-db-refresh",
            "PGOPTIONS": f"{SESSION_OPTIONS} {options}".rstrip(),
            "PGCONNECT_TIMEOUT": "10",
        }
