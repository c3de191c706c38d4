"""Whose a database of the target cluster is, told from its name, its comment and how it was made. No I/O.

A shadow is made in two statements, because CREATE DATABASE can't be in a transaction with COMMENT. A crash between
them leaves a database without a comment, so CREATE DATABASE itself leaves a mark: nobody may connect to it, and its
connection limit is a number that only this run's key gives. Such a half-made shadow has never let anyone in, so
there is nothing in it. A database without our comment and without this mark is never touched, whatever its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from contracts.errors import NotOurs, PreconditionFailed
from contracts.naming import RunKey, key_of_shadow, original_database, previous_database
from contracts.ownership import Ownership, check_ours, ownership_of_comment, with_ownership
from contracts.target import DatabaseKind, DatabaseLocale, OurDatabase

# What PostgreSQL sets where a DROP DATABASE was interrupted (dbcommands.c, DATCONNLIMIT_INVALID_DB): such a
# database can only be dropped.
_INVALID = -2
_LIMITS = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class TargetDatabase:
    """A row of pg_database. ``connection_limit`` is -1 where there is none."""

    oid: int
    name: str
    owner: str
    comment: str | None
    allows_connections: bool
    connection_limit: int
    is_template: bool
    locale: DatabaseLocale

    @property
    def ownership(self) -> Ownership | None:
        return ownership_of_comment(self.comment)

    @property
    def is_invalid(self) -> bool:
        return self.connection_limit == _INVALID


def database_from_row(row: Mapping[str, Any]) -> TargetDatabase:
    """``row`` as ``sql/target/databases.sql`` gives it."""
    return TargetDatabase(
        oid=row["oid"],
        name=row["name"],
        owner=row["owner"],
        comment=row["comment"],
        allows_connections=row["allows_connections"],
        connection_limit=row["connection_limit"],
        is_template=row["is_template"],
        locale=DatabaseLocale(
            encoding=row["encoding"],
            collate=row["collate"],
            ctype=row["ctype"],
            provider=row["provider"],
            locale=row["locale"],
        ),
    )


def half_made_limit(key: str) -> int:
    """The connection limit that marks a shadow between CREATE DATABASE and COMMENT: 1 … 2³¹-1, from the run's key."""
    return int(key, 16) % _LIMITS + 1


def is_half_made(found: TargetDatabase, database: str) -> bool:
    """Whether ``found`` is a shadow of ``database`` whose maker died before it could write the comment."""
    key = key_of_shadow(found.name, database)
    return (
        key is not None
        and found.comment is None
        and not found.allows_connections
        and (found.is_invalid or found.connection_limit == half_made_limit(key))
    )


def check_shadow_is_ours(found: TargetDatabase, database: str, run: RunKey) -> None:
    """Refuse a shadow that another run, another env, or nobody of ours made; :class:`NotOurs`."""
    if not is_half_made(found, database):
        check_ours(found.ownership, run, resource=f"database {found.name!r}")


def check_previous_is_ours(found: TargetDatabase, env: str) -> Ownership:
    """Refuse a ``__previous`` that isn't this env's. Which of its runs made it doesn't matter; :class:`NotOurs`."""
    ownership = found.ownership
    if ownership is None or ownership.env != env:
        whose = f"its comment says env {ownership.env!r}" if ownership else "its comment lacks our line"
        raise NotOurs(
            f"it has the name under which a refresh keeps the database before, but {whose}",
            resource=f"database {found.name!r}",
            remedy="Rename it, or drop it by hand if nobody needs it.",
        )
    return ownership


def unmarked_live(live: TargetDatabase, env: str) -> PreconditionFailed:
    """The error for a live database without our line whose place, ``__original``, is taken.

    It may be a refreshed one whose comment a person replaced, or a person's own that took its place: nothing here
    tells which, so a person does. The statement in the remedy gives the line back, of no run in particular.
    """
    # Live doesn't expire; when it is set aside it gets an expiry of its own.
    never = datetime(1970, 1, 1, tzinfo=UTC)
    comment = with_ownership(live.comment, Ownership(env=env, flow_run_id=UUID(int=0), expires_at=never))
    # Text to be pasted, on one line: nothing here runs it.
    name = sql.Identifier(live.name).as_string()
    literal = comment.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r")
    return PreconditionFailed(
        f"its comment lacks the line that a refresh leaves in it, and its place, {original_database(live.name)!r},"
        " is taken",
        resource=f"database {live.name!r}",
        remedy=f"If a refresh made it and somebody's COMMENT replaced the line, give it back: COMMENT ON DATABASE"
        f" {name} IS E'{literal}'; otherwise rename or drop one of the two by hand: neither is ours to drop.",
    )


def kind_of(found: TargetDatabase, database: str) -> DatabaseKind | None:
    """What ``found`` is to the live ``database``; None where it has nothing to do with a refresh."""
    if found.name == database:
        return "live"
    if found.name == previous_database(database):
        return "previous"
    if found.name == original_database(database):
        return "original"
    if key_of_shadow(found.name, database):
        return "shadow"
    return "other" if found.ownership else None


def our_databases_among(found: Mapping[str, TargetDatabase], database: str) -> tuple[OurDatabase, ...]:
    """All that belong to ``database`` by name or comment, itself among them, in the order of their names."""
    return tuple(
        OurDatabase(name=name, kind=kind, ownership=candidate.ownership)
        for name, candidate in sorted(found.items())
        if (kind := kind_of(candidate, database))
    )
