"""Every error that a refresh can end with.

::

    RefreshError
    ├── ConfigurationError        what the user wrote can't be used; nothing was touched
    │   ├── EnvironmentInvalid
    │   ├── PolicyInvalid
    │   ├── SchemaFileInvalid     a pg_dump -s file holds statements that aren't understood; holds each with its line
    │   └── Unclassified          tables or columns without a rule; holds the policy lines to add
    ├── PreconditionFailed        the world isn't as the run needs it; nothing was touched
    ├── NotOurs                   a resource lacks the tags or comment that would let us change it
    ├── AwsError                  an AWS call was refused, or a resource went into a state it can't leave
    │   └── WaitTimedOut
    ├── SecretUnreadable          a secret couldn't be had from Vault
    ├── DatabaseError             PostgreSQL refused a statement (its DETAIL, which quotes rows, is left out)
    ├── ClientToolFailed          pg_dump, pg_restore or psql ended with an error
    ├── ArchiveInvalid            an archive is missing, incomplete, or not what its manifest says
    ├── VerificationFailed        masked data didn't pass its checks; nothing left the clone
    ├── JobFailed                 a step that runs as a job of its own ended otherwise than as completed
    ├── CleanupIncomplete         something that this run made is still there; holds what, and the command
    └── FleetIncomplete           some envs of a fleet weren't refreshed; the others were

A message says what happened, to which resource, and what to do next. None holds row data or a secret:
Prefect stores messages, causes and tracebacks, so a cause that could quote a row is cut off with ``from None``
where it is translated.
"""

from __future__ import annotations

from typing import Any


class RefreshError(Exception):
    """What happened (``what``), to which resource, and what to do next (``remedy``)."""

    def __init__(self, what: str, *, resource: str, remedy: str, is_transient: bool = False) -> None:
        self.what = what
        self.resource = resource
        self.remedy = remedy
        self.is_transient = is_transient
        super().__init__(what, resource, remedy, is_transient)

    def __str__(self) -> str:
        return f"{self.resource}: {self.what.rstrip('.')}. {self.remedy}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[RefreshError], fields: dict[str, Any]) -> RefreshError:
    error = kind.__new__(kind)
    RefreshError.__init__(
        error,
        fields["what"],
        resource=fields["resource"],
        remedy=fields["remedy"],
        is_transient=fields["is_transient"],
    )
    error.__dict__.update(fields)
    return error


class ConfigurationError(RefreshError):
    """What the user wrote can't be used. Nothing was touched."""


class EnvironmentInvalid(ConfigurationError):
    """An environment file is missing, malformed, or contradicts itself or another one."""


class PolicyInvalid(ConfigurationError):
    """A policy or a masking script is malformed, or doesn't fit the database."""


class Unclassified(ConfigurationError):
    """Tables or columns that the policy doesn't mention. ``policy_lines`` is YAML, ready to paste."""

    def __init__(self, *, database: str, columns: tuple[str, ...], policy_lines: str) -> None:
        self.columns = columns
        self.policy_lines = policy_lines
        without = (
            "a table or column has no rule"
            if len(columns) == 1
            else f"{len(columns)} tables or columns have no rule"
        )
        super().__init__(
            f"{without}, so nothing was masked and nothing left the clone",
            resource=f"database {database}",
            remedy=f"Review these lines and add them to its policy.yaml:\n{policy_lines}",
        )


class SchemaFileInvalid(ConfigurationError):
    """A schema file holds what no catalogue can be made from. ``problems`` names each by file, line and column."""

    def __init__(self, *, file: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(
            f"{len(problems)} of its statements aren't understood:\n" + "\n".join(problems) + "\n",
            resource=file,
            remedy="Give the file that pg_dump -s writes, or a database to read by --dsn.",
        )


class PreconditionFailed(RefreshError):
    """The world isn't as the run needs it. Nothing was touched."""


class NotOurs(RefreshError):
    """A resource lacks the tags or the comment that would let us change it."""


class AwsError(RefreshError):
    """An AWS call was refused, or a resource went into a state that it can't leave by itself."""

    def __init__(
        self, what: str, *, resource: str, remedy: str, code: str = "", is_transient: bool = False
    ) -> None:
        self.code = code
        super().__init__(what, resource=resource, remedy=remedy, is_transient=is_transient)


class WaitTimedOut(AwsError):
    """A resource didn't reach the wanted state in the time allowed."""


class SecretUnreadable(RefreshError):
    """A secret couldn't be had from Vault. Says which and why, and nothing of its content."""


class DatabaseError(RefreshError):
    """PostgreSQL refused a statement. ``sqlstate`` and ``constraint`` name the reason, never a row."""

    def __init__(
        self,
        what: str,
        *,
        resource: str,
        remedy: str,
        sqlstate: str = "",
        constraint: str = "",
        is_transient: bool = False,
    ) -> None:
        self.sqlstate = sqlstate
        self.constraint = constraint
        super().__init__(what, resource=resource, remedy=remedy, is_transient=is_transient)

    @property
    def is_refused_login(self) -> bool:
        """Whether the server took no password, or no token."""
        # https://www.postgresql.org/docs/current/errcodes-appendix.html, class 28
        return self.sqlstate in {"28P01", "28000"}


class ClientToolFailed(RefreshError):
    """pg_dump, pg_restore or psql ended with an error. ``is_refused_login``: the server took no password of it."""

    def __init__(
        self,
        what: str,
        *,
        resource: str,
        remedy: str,
        is_transient: bool = False,
        is_refused_login: bool = False,
    ) -> None:
        self.is_refused_login = is_refused_login
        super().__init__(what, resource=resource, remedy=remedy, is_transient=is_transient)


class ArchiveInvalid(RefreshError):
    """An archive is missing, incomplete, or not what its manifest says."""


class VerificationFailed(RefreshError):
    """Masked data didn't pass its checks. Nothing left the clone."""


class JobFailed(RefreshError):
    """A step that runs as a job of its own ended otherwise than as completed."""


class CleanupIncomplete(RefreshError):
    """Something that this run made is still there, and may cost money. ``leftovers`` names it."""

    def __init__(self, *, leftovers: tuple[str, ...], remedy: str) -> None:
        self.leftovers = leftovers
        super().__init__(
            f"{len(leftovers)} resources are still there: {', '.join(leftovers)}",
            resource="cleanup",
            remedy=remedy,
        )


class FleetIncomplete(RefreshError):
    """Some envs of a fleet weren't refreshed. ``envs`` names them; the others have new data."""

    def __init__(self, *, envs: tuple[str, ...], of: int) -> None:
        self.envs = envs
        super().__init__(
            f"{len(envs)} of {of} envs weren't refreshed: {', '.join(envs)}",
            resource="fleet",
            remedy="See their runs. Retry this run: it refreshes those again, and no other.",
        )
