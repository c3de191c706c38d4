"""What everything that a refresh creates is called. Names come from the run's own id, never from a clock or chance,
so that a retry, a hook or the janitor finds what an earlier process made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from contracts.errors import ConfigurationError

Role = Literal["snapshot", "shared-copy", "copy", "clone", "clone-writer", "clone-master"]
ROLES: tuple[Role, ...] = get_args(Role)

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html#RDS_Limits.Constraints
AWS_IDENTIFIER_MAX = 63
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS (NAMEDATALEN - 1)
POSTGRESQL_IDENTIFIER_MAX_BYTES = 63

_ENV_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_AWS_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEY = re.compile(r"[0-9a-f]{12}")


def check_env_name(env: str) -> str:
    """An env's name ends up in AWS identifiers, S3 keys and tags, so it is small letters, digits and single hyphens."""
    if not _ENV_NAME.fullmatch(env) or len(env) > 30:
        raise ConfigurationError(
            "its name must be at most 30 small letters, digits and single hyphens, and begin with a letter",
            resource=f"env {env!r}",
            remedy="Rename its file in deployments/environments/.",
        )
    return env


@dataclass(frozen=True, kw_only=True)
class RunKey:
    """One refresh of one env: every name that it uses follows from these two.

    ``flow_run_id`` is the ``refresh`` flow run's own id. Its *last* 12 hex digits make the key: scheduled runs
    have UUIDv7 ids made in one batch, whose first digits are a shared timestamp (RFC 9562, section 5.7).
    """

    env: str
    flow_run_id: UUID

    def __post_init__(self) -> None:
        check_env_name(self.env)

    @property
    def key(self) -> str:
        """12 hex digits."""
        return self.flow_run_id.hex[-12:]

    def __str__(self) -> str:
        return self.key

    def aws_identifier(self, role: Role) -> str:
        """``refresh-{env}-{key}-{role}``, the identifier of what plays ``role`` in this run."""
        identifier = f"refresh-{self.env}-{self.key}-{role}"
        if len(identifier) > AWS_IDENTIFIER_MAX or not _AWS_IDENTIFIER.fullmatch(identifier):
            raise ConfigurationError(
                f"{identifier!r} isn't an identifier that RDS accepts",
                resource=f"env {self.env!r}",
                remedy="Choose a shorter name for the env.",
            )
        return identifier

    def role_of(self, identifier: str) -> Role | None:
        """What ``identifier`` plays in this run; None where it isn't one of this run's names."""
        beginning = f"refresh-{self.env}-{self.key}-"
        return next((role for role in ROLES if identifier == beginning + role), None)

    def shadow_database(self, database: str) -> str:
        """Where this run restores, beside the live ``database``."""
        return fit_database_name(f"{database}__refresh_{self.key}", database)


def previous_database(database: str) -> str:
    """What the database before the last refresh is called: ours, kept for a rollback."""
    return fit_database_name(f"{database}__previous", database)


def original_database(database: str) -> str:
    """What the user's own database is called after the first refresh. Never dropped by us."""
    return fit_database_name(f"{database}__original", database)


def fit_database_name(name: str, database: str) -> str:
    if len(name.encode()) > POSTGRESQL_IDENTIFIER_MAX_BYTES:
        raise ConfigurationError(
            f"{name!r} is longer than PostgreSQL's {POSTGRESQL_IDENTIFIER_MAX_BYTES} bytes",
            resource=f"database {database!r}",
            remedy="A database that is refreshed needs a name of at most 41 bytes.",
        )
    return name


def key_of_shadow(name: str, database: str) -> str | None:
    """The run key in a shadow database's name, or None where ``name`` isn't a shadow of ``database``."""
    prefix = f"{database}__refresh_"
    key = name.removeprefix(prefix)
    return key if name.startswith(prefix) and _KEY.fullmatch(key) else None


def archive_prefix(prefix: str, env: str, database: str, key: str) -> str:
    """The S3 key prefix of one archive, with a slash at its end: ``{prefix}/{env}/{database}/{key}/``."""
    parts = [part for part in (prefix.strip("/"), env, database, key) if part]
    return "/".join(parts) + "/"
