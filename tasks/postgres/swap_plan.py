"""Which databases change names, and what their comments say then. Decisions only; ``swap.py`` carries them out.

::

    first refresh     live (the user's own) → __original     shadow → live
    later refreshes   live (ours)           → __previous     shadow → live
    rollback          live (ours)           → __previous     __previous, else __original → live
    rollback undone   live (the user's own) → __original     __previous → live
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.errors import NotOurs, PreconditionFailed
from contracts.naming import RunKey, original_database, previous_database
from contracts.ownership import COMMENT_PREFIX, Ownership, check_ours, users_comment, with_ownership
from tasks.postgres.database_ownership import TargetDatabase, check_previous_is_ours, unmarked_live

_ROLLED_BACK_BY = "rolled_back_by"
# In the line of a database that took the place of the user's own: only it can be rolled back to that one.
_FOLLOWS_ORIGINAL = "follows_original"


@dataclass(frozen=True, kw_only=True)
class Rename:
    """``database`` gets ``new_name``."""

    database: TargetDatabase
    new_name: str


@dataclass(frozen=True, kw_only=True)
class SwapPlan:
    """``renames`` in order, and the ``comments`` afterwards by name. Both happen in one transaction.

    ``rises`` becomes live, and ``set_aside`` (None at a first load) is where live goes.
    """

    database: str
    renames: tuple[Rename, ...]
    comments: Mapping[str, str]
    rises: TargetDatabase
    set_aside: str | None

    @property
    def oids(self) -> list[int]:
        return [rename.database.oid for rename in self.renames]


def is_swapped(databases: Mapping[str, TargetDatabase], database: str, run: RunKey) -> bool:
    """Whether what ``run`` restored is live already."""
    live = databases.get(database)
    return (
        live is not None
        and live.ownership is not None
        and live.ownership.run == run
        and run.shadow_database(database) not in databases
    )


def plan_swap(
    databases: Mapping[str, TargetDatabase],
    database: str,
    ownership: Ownership,
    *,
    previous_expires_at: datetime,
) -> SwapPlan:
    """The run's shadow becomes live, and live ``__previous``, or ``__original`` where it isn't ours."""
    shadow = databases.get(ownership.run.shadow_database(database))
    if shadow is None:
        raise PreconditionFailed(
            "it isn't there, so there is nothing to make live",
            resource=f"database {ownership.run.shadow_database(database)!r}",
            remedy="Restore the archive again: the run begins by making it.",
        )
    check_ours(shadow.ownership, ownership.run, resource=f"database {shadow.name!r}")
    _check_open(shadow)
    live = databases.get(database)
    if live is None:
        return SwapPlan(
            database=database,
            renames=(Rename(database=shadow, new_name=database),),
            comments={database: with_ownership(None, ownership)},
            rises=shadow,
            set_aside=None,
        )
    aside = _place_for(live, ownership.env, databases)
    _check_free(databases, aside)
    comments = {database: _marked(users_comment(live.comment), ownership, **_follows(aside, database))}
    if live.ownership:
        comments[aside] = with_ownership(
            live.comment, replace(live.ownership, expires_at=previous_expires_at)
        )
    return SwapPlan(
        database=database,
        renames=(Rename(database=live, new_name=aside), Rename(database=shadow, new_name=database)),
        comments=comments,
        rises=shadow,
        set_aside=aside,
    )


def is_rolled_back(databases: Mapping[str, TargetDatabase], database: str, run: RunKey) -> bool:
    """Whether the rollback ``run`` has been done: a second attempt would undo it."""
    candidates = (databases.get(database), databases.get(previous_database(database)))
    return any(
        _line_of(found.comment).get(_ROLLED_BACK_BY) == str(run.flow_run_id) for found in candidates if found
    )


def plan_rollback(
    databases: Mapping[str, TargetDatabase], database: str, run: RunKey, *, previous_expires_at: datetime
) -> SwapPlan:
    """``__previous`` (else ``__original``) becomes live again, and live takes its place, so it can be undone.

    The user's own database, live or not, never gets a line of ours in its comment, so nothing of ours drops it.
    """
    live, previous = databases.get(database), databases.get(previous_database(database))
    original = databases.get(original_database(database))
    if previous:
        check_previous_is_ours(previous, run.env)
    if live and live.ownership and live.ownership.env != run.env:
        raise NotOurs(
            f"it was made by env {live.ownership.env!r}, not by {run.env!r}",
            resource=f"database {database!r}",
            remedy="Run the rollback of the env that refreshed it.",
        )
    # The original is as old as the first refresh: behind a later one it would be no way back, but a surprise.
    follows_original = live is None or (
        live.ownership is not None and bool(_line_of(live.comment).get(_FOLLOWS_ORIGINAL))
    )
    rises = previous or (original if follows_original else None)
    if rises is None:
        raise PreconditionFailed(
            f"there is no {previous_database(database)!r} to roll back to, and live didn't follow"
            f" {original_database(database)!r}",
            resource=f"database {database!r}",
            remedy="Run a refresh; it keeps the database before for target.keep_previous_days.",
        )
    _check_open(rises)
    comments: dict[str, str] = {}
    if live is None:
        if rises.ownership:
            comments[database] = _marked(rises.comment, rises.ownership, **_by(run))
        renames: tuple[Rename, ...] = (Rename(database=rises, new_name=database),)
        return SwapPlan(database=database, renames=renames, comments=comments, rises=rises, set_aside=None)
    aside = _place_for(live, run.env, databases)
    if rises.ownership:
        comments[database] = _marked(rises.comment, rises.ownership, **_by(run), **_follows(aside, database))
    if live.ownership:
        kept = replace(live.ownership, expires_at=previous_expires_at)
        comments[aside] = _marked(live.comment, kept, **_by(run))
    if aside == rises.name:
        between = run.shadow_database(database)
        _check_free(databases, between)
        renames = (
            Rename(database=live, new_name=between),
            Rename(database=rises, new_name=database),
            Rename(database=replace(live, name=between), new_name=aside),
        )
    else:
        _check_free(databases, aside)
        renames = (Rename(database=live, new_name=aside), Rename(database=rises, new_name=database))
    return SwapPlan(database=database, renames=renames, comments=comments, rises=rises, set_aside=aside)


def _place_for(live: TargetDatabase, env: str, databases: Mapping[str, TargetDatabase]) -> str:
    if live.ownership is None:
        if original_database(live.name) in databases:
            raise unmarked_live(live, env)
        return original_database(live.name)
    if live.ownership.env != env:
        raise NotOurs(
            f"it was made by env {live.ownership.env!r}, so two environments have one target",
            resource=f"database {live.name!r}",
            remedy="Keep one of the two.",
        )
    return previous_database(live.name)


def _check_open(rises: TargetDatabase) -> None:
    if rises.is_invalid or not rises.allows_connections:
        raise PreconditionFailed(
            "it accepts no connections, so it isn't made live",
            resource=f"database {rises.name!r}",
            remedy="A shadow is restored again by a retry; for any other, ALTER DATABASE … ALLOW_CONNECTIONS true.",
        )


def _check_free(databases: Mapping[str, TargetDatabase], name: str) -> None:
    if name in databases:
        raise PreconditionFailed(
            "it is in the way: live would get its name",
            resource=f"database {name!r}",
            remedy="A __previous is dropped before a shadow is made; any other one, rename by hand.",
        )


def _by(run: RunKey) -> dict[str, object]:
    return {_ROLLED_BACK_BY: str(run.flow_run_id)}


def _follows(aside: str, database: str) -> dict[str, object]:
    return {_FOLLOWS_ORIGINAL: True} if aside == original_database(database) else {}


def _marked(comment: str | None, ownership: Ownership, **more: object) -> str:
    """The comment with our line, which also says ``more``: other readers of the line don't mind."""
    fields = json.loads(ownership.comment_line().removeprefix(COMMENT_PREFIX))
    line = COMMENT_PREFIX + json.dumps({**fields, **more})
    return with_ownership(comment, ownership).replace(ownership.comment_line(), line)


def _line_of(comment: str | None) -> dict[str, object]:
    """The fields of our line in a comment; none where there is none."""
    for line in (comment or "").splitlines():
        if line.startswith(COMMENT_PREFIX):
            try:
                fields = json.loads(line.removeprefix(COMMENT_PREFIX))
            except ValueError:
                return {}
            return fields if isinstance(fields, dict) else {}
    return {}
