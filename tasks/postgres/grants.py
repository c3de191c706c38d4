"""From who may do what with an object, and who should, to the GRANT and REVOKE statements between. No I/O.

Only what differs becomes a statement, so a second run has none. Every grant ends up given by the object's owner,
whoever gave it before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from psycopg import sql

# https://www.postgresql.org/docs/current/ddl-priv.html#PRIVILEGES-SUMMARY-TABLE
_PRIVILEGES: frozenset[str] = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN",
        "CREATE", "CONNECT", "TEMPORARY", "EXECUTE", "USAGE",
    }
)  # fmt: skip


NOTHING = sql.SQL("")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """``grantee`` None is PUBLIC."""

    grantee: str | None
    privilege: str
    grantable: bool = False


def grants_from_rows(rows: Iterable[Mapping[str, Any]]) -> frozenset[Grant]:
    """``rows`` with grantee, privilege (None: no grants) and grantable. Two grantors' grants are one."""
    return merged(
        Grant(grantee=row["grantee"], privilege=row["privilege"], grantable=row["grantable"])
        for row in rows
        if row["privilege"] is not None
    )


def merged(*several: Iterable[Grant]) -> frozenset[Grant]:
    """The grants of ``several``, each privilege of each grantee once."""
    found: dict[tuple[str | None, str], bool] = {}
    for grant in chain(*several):
        key = (grant.grantee, grant.privilege)
        found[key] = found.get(key, False) or grant.grantable
    return frozenset(
        Grant(grantee=grantee, privilege=privilege, grantable=grantable)
        for (grantee, privilege), grantable in found.items()
    )


def handed_over(
    grants: frozenset[Grant], *, before: str, after: str, keep_before: bool = True
) -> frozenset[Grant]:
    """``grants`` of an object that ``before`` owned, as they should be when ``after`` owns it.

    What the owner had, the new one gets; the old one keeps it as an ordinary user where ``keep_before``.
    """
    if before == after:
        return grants
    owners = {grant.privilege for grant in grants if grant.grantee == before}
    news = owners | {grant.privilege for grant in grants if grant.grantee == after}
    return frozenset(
        {grant for grant in grants if grant.grantee not in (before, after)}
        | {Grant(grantee=after, privilege=privilege) for privilege in news}
        | {Grant(grantee=before, privilege=privilege) for privilege in owners if keep_before}
    )


def grant_statements(
    on: sql.Composable,
    *,
    wanted: frozenset[Grant],
    found: frozenset[Grant],
    prefix: sql.Composable = NOTHING,
    column: str | None = None,
) -> list[sql.Composed]:
    """Statements that make ``found`` into ``wanted``; ``on`` is what follows ON, as ``TABLE "a"."b"``.

    ``prefix`` comes before each (ALTER DEFAULT PRIVILEGES …); with ``column``, they are that column's privileges.
    """
    have = {(grant.grantee, grant.privilege): grant.grantable for grant in _sorted(found)}
    want = {(grant.grantee, grant.privilege): grant.grantable for grant in _sorted(wanted)}
    revoked: dict[str | None, list[str]] = defaultdict(list)
    no_longer_grantable: dict[str | None, list[str]] = defaultdict(list)
    granted: dict[tuple[str | None, bool], list[str]] = defaultdict(list)
    for (grantee, privilege), grantable in have.items():
        if (grantee, privilege) not in want:
            revoked[grantee].append(privilege)
        elif grantable and not want[grantee, privilege]:
            no_longer_grantable[grantee].append(privilege)
    for (grantee, privilege), grantable in want.items():
        if (grantee, privilege) not in have or (grantable and not have[grantee, privilege]):
            granted[grantee, grantable].append(privilege)
    statements = [
        _revoke(names, on, grantee, column, option_only=False) for grantee, names in revoked.items()
    ]
    statements += [
        _revoke(names, on, grantee, column, option_only=True)
        for grantee, names in no_longer_grantable.items()
    ]
    statements += [
        _grant(names, on, grantee, column, grantable=grantable)
        for (grantee, grantable), names in granted.items()
    ]
    return [sql.SQL("{}{}").format(prefix, statement) for statement in statements]


def _sorted(grants: Iterable[Grant]) -> list[Grant]:
    return sorted(grants, key=lambda grant: (grant.grantee or "", grant.privilege))


def _revoke(
    privileges: list[str], on: sql.Composable, grantee: str | None, column: str | None, *, option_only: bool
) -> sql.Composed:
    return sql.SQL("REVOKE {}{} ON {} FROM {}").format(
        sql.SQL("GRANT OPTION FOR " if option_only else ""), _listed(privileges, column), on, _role(grantee)
    )


def _grant(
    privileges: list[str], on: sql.Composable, grantee: str | None, column: str | None, *, grantable: bool
) -> sql.Composed:
    return sql.SQL("GRANT {} ON {} TO {}{}").format(
        _listed(privileges, column), on, _role(grantee), sql.SQL(" WITH GRANT OPTION" if grantable else "")
    )


def _listed(privileges: list[str], column: str | None) -> sql.Composed:
    of_column = sql.SQL(" ({})").format(sql.Identifier(column)) if column is not None else sql.SQL("")
    return sql.SQL(", ").join(
        sql.SQL("{}{}").format(_keyword(name), of_column) for name in sorted(privileges)
    )


def _keyword(privilege: str) -> sql.SQL:
    if privilege not in _PRIVILEGES:
        raise ValueError(f"PostgreSQL has a privilege that isn't known here: {privilege!r}")
    return sql.SQL(privilege)


def _role(grantee: str | None) -> sql.Composable:
    return sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee)
