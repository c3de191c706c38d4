"""Who should own, and may use, each object of a restored database: what live's object of the same name says. No I/O.

Owner: live's for an object of the same name, else (or where that owner is the connecting user, or can't be given
anything) the owner of the database. Grants: live's for an object of the same name, else live's default privileges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from tasks.postgres.grants import Grant, grant_statements, grants_from_rows, handed_over, merged

Rows = Iterable[Mapping[str, Any]]
Grants = frozenset[Grant]

# From pg_identify_object's word for a thing to ALTER's. What isn't here can't be given away, or not by us: event
# triggers, foreign-data wrappers and languages belong to superusers, user mappings and default privileges to a role.
_ALTERED_AS: Mapping[str, str] = {
    "schema": "SCHEMA",
    "table": "TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "foreign table": "FOREIGN TABLE",
    "sequence": "SEQUENCE",
    "function": "ROUTINE",
    "procedure": "ROUTINE",
    "aggregate": "ROUTINE",
    "type": "TYPE",
    "collation": "COLLATION",
    "conversion": "CONVERSION",
    "operator": "OPERATOR",
    "operator class": "OPERATOR CLASS",
    "operator family": "OPERATOR FAMILY",
    "text search configuration": "TEXT SEARCH CONFIGURATION",
    "text search dictionary": "TEXT SEARCH DICTIONARY",
    "statistics object": "STATISTICS",
    "server": "SERVER",
    "publication": "PUBLICATION",
    "large object": "LARGE OBJECT",
}
# ALTER DEFAULT PRIVILEGES has plurals.
_PLURALS: Mapping[str, str] = {
    "TABLE": "TABLES",
    "SEQUENCE": "SEQUENCES",
    "ROUTINE": "ROUTINES",
    "TYPE": "TYPES",
    "SCHEMA": "SCHEMAS",
    "LARGE OBJECT": "LARGE OBJECTS",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One statement, and what to call it where it can't be done. ``is_optional``: then it's a warning, not an error."""

    statement: sql.Composed
    about: str
    is_optional: bool = False
    is_of_schema: bool = False


@dataclass(frozen=True, kw_only=True)
class Owner:
    """``can_give``: whether the connecting user may make this owner the owner of something."""

    name: str
    can_give: bool


@dataclass(frozen=True, kw_only=True)
class ObjectKey:
    """An object's name in every database: ``identity`` is quoted by PostgreSQL, and can go into a statement."""

    kind: str
    identity: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.identity}" + (f".{self.column}" if self.column else "")


_PUBLIC = ObjectKey(kind="SCHEMA", identity="public")


@dataclass(frozen=True, kw_only=True)
class Securable:
    """An object that privileges are granted on."""

    schema: str | None
    owner: str
    owner_is_superuser: bool
    in_extension: bool
    grants: Grants


@dataclass(frozen=True, kw_only=True)
class DefaultKey:
    """Whose new objects, of which kind, in which schema (None: wherever)."""

    role: str
    schema: str | None
    kind: str


@dataclass(frozen=True, kw_only=True)
class Builtin:
    """What PostgreSQL grants on a new object of each kind, to its owner and to PUBLIC."""

    to_owner: Mapping[str, frozenset[str]]
    to_public: Mapping[str, frozenset[str]]

    def grants(self, kind: str, owner: str) -> Grants:
        return frozenset(
            {Grant(grantee=owner, privilege=privilege) for privilege in self.to_owner.get(kind, ())}
            | {Grant(grantee=None, privilege=privilege) for privilege in self.to_public.get(kind, ())}
        )


def owners_from_rows(rows: Rows) -> dict[ObjectKey, Owner]:
    """``sql/target/owned_objects.sql``."""
    return {
        ObjectKey(kind=row["type"], identity=row["identity"]): Owner(
            name=row["owner"], can_give=row["can_give"]
        )
        for row in rows
    }


def securables_from_rows(rows: Rows) -> dict[ObjectKey, Securable]:
    """``sql/target/privileges.sql``."""
    grouped: dict[ObjectKey, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[ObjectKey(kind=row["kind"], identity=row["identity"], column=row["column_name"])].append(row)
    return {
        key: Securable(
            schema=of_object[0]["schema"],
            owner=of_object[0]["owner"],
            owner_is_superuser=of_object[0]["owner_is_superuser"],
            in_extension=of_object[0]["in_extension"],
            grants=grants_from_rows(of_object),
        )
        for key, of_object in grouped.items()
    }


def defaults_from_rows(rows: Rows) -> dict[DefaultKey, Grants]:
    """``sql/target/default_privileges.sql``."""
    grouped: dict[DefaultKey, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[DefaultKey(role=row["role"], schema=row["schema"], kind=row["kind"])].append(row)
    return {key: grants_from_rows(of_key) for key, of_key in grouped.items()}


def builtin_from_rows(rows: Rows) -> Builtin:
    """``sql/target/builtin_privileges.sql``."""
    to_owner: dict[str, set[str]] = defaultdict(set)
    to_public: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        (to_public if row["to_public"] else to_owner)[row["kind"]].add(row["privilege"])
    return Builtin(
        to_owner={kind: frozenset(names) for kind, names in to_owner.items()},
        to_public={kind: frozenset(names) for kind, names in to_public.items()},
    )


def owner_changes(
    live: Mapping[ObjectKey, Owner],
    shadow: Mapping[ObjectKey, Owner],
    *,
    database_owner: str,
    connecting_user: str,
) -> list[Change]:
    """ALTER … OWNER TO for what in ``shadow`` isn't owned as it should be.

    First to the database's owner, which must work, then on to live's owner, which needs CREATE on the schema there
    and so may fail.
    """
    changes = []
    for key, found in shadow.items():
        if key.kind not in _ALTERED_AS:
            continue
        as_in_live = live.get(key) if key.kind != "large object" else None  # its oid is no name
        is_given_on = (
            as_in_live is not None
            and as_in_live.can_give
            and as_in_live.name not in (connecting_user, database_owner)
        )
        if found.name != database_owner and not (
            as_in_live and is_given_on and found.name == as_in_live.name
        ):
            changes.append(_owner_change(key, database_owner, is_optional=key.kind == "publication"))
        if as_in_live and is_given_on and found.name != as_in_live.name:
            changes.append(_owner_change(key, as_in_live.name, is_optional=True))
    return changes


def grant_changes(
    live: Mapping[ObjectKey, Securable],
    shadow: Mapping[ObjectKey, Securable],
    *,
    defaults: Mapping[DefaultKey, Grants],
    builtin: Builtin,
    connecting_user: str,
) -> list[Change]:
    """GRANT and REVOKE for what in ``shadow`` isn't granted as it should be; ``defaults`` are live's."""
    changes = []
    for key, found in _with_columns(live, shadow).items():
        wanted = _wanted(key, found, live.get(key), defaults, builtin, connecting_user)
        if wanted == found.grants:
            continue
        # An extension's objects may be a superuser's, and a column that live has grants on may be gone.
        is_optional = found.in_extension or key.kind == "COLUMN"
        on = sql.SQL("{} {}").format(
            sql.SQL("TABLE" if key.kind == "COLUMN" else key.kind),
            sql.SQL(key.identity),
        )
        changes += [
            Change(
                statement=statement,
                about=f"the grants on {key}",
                is_optional=is_optional,
                is_of_schema=key.kind == "SCHEMA",
            )
            for statement in grant_statements(on, wanted=wanted, found=found.grants, column=key.column)
        ]
    return changes


def default_changes(
    live: Mapping[DefaultKey, Grants],
    shadow: Mapping[DefaultKey, Grants],
    *,
    builtin: Builtin,
    schemas: frozenset[str],
) -> list[Change]:
    """ALTER DEFAULT PRIVILEGES for what ``shadow``, which has these ``schemas``, doesn't have as live has it."""
    changes = []
    for key in sorted({*live, *shadow}, key=lambda key: (key.role, key.schema or "", key.kind)):
        if key.schema is not None and key.schema not in schemas:
            continue
        unset = builtin.grants(key.kind, key.role) if key.schema is None else frozenset()
        prefix = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} ").format(
            sql.Identifier(key.role),
            sql.SQL(" IN SCHEMA {}").format(sql.Identifier(key.schema))
            if key.schema is not None
            else sql.SQL(""),
        )
        changes += [
            Change(statement=statement, about=f"the default privileges of role {key.role}", is_optional=True)
            for statement in grant_statements(
                sql.SQL(_PLURALS[key.kind]),
                wanted=live.get(key, unset),
                found=shadow.get(key, unset),
                prefix=prefix,
            )
        ]
    return changes


def _owner_change(key: ObjectKey, owner: str, *, is_optional: bool) -> Change:
    statement = sql.SQL("ALTER {} {} OWNER TO {}").format(
        sql.SQL(_ALTERED_AS[key.kind]),
        sql.SQL(key.identity),
        sql.Identifier(owner),
    )
    return Change(
        statement=statement,
        about=f"the owner {owner} of {key}",
        is_optional=is_optional,
        is_of_schema=key.kind == "schema",
    )


def _with_columns(
    live: Mapping[ObjectKey, Securable], shadow: Mapping[ObjectKey, Securable]
) -> dict[ObjectKey, Securable]:
    """``shadow``, and without grants the columns that have some in live alone (if they still exist)."""
    found = dict(shadow)
    for key in live.keys() - shadow.keys():
        table = shadow.get(ObjectKey(kind="TABLE", identity=key.identity))
        if key.kind == "COLUMN" and table:
            found[key] = Securable(
                schema=table.schema,
                owner=table.owner,
                owner_is_superuser=table.owner_is_superuser,
                in_extension=table.in_extension,
                grants=frozenset(),
            )
    return found


def _wanted(
    key: ObjectKey,
    found: Securable,
    in_live: Securable | None,
    defaults: Mapping[DefaultKey, Grants],
    builtin: Builtin,
    connecting_user: str,
) -> Grants:
    if in_live:
        is_forgotten = in_live.owner_is_superuser or in_live.owner == connecting_user
        return handed_over(
            in_live.grants, before=in_live.owner, after=found.owner, keep_before=not is_forgotten
        )
    if key.kind == "COLUMN":
        return frozenset()
    if found.in_extension or key.kind not in _PLURALS or key == _PUBLIC:
        return found.grants  # made by CREATE EXTENSION or CREATE DATABASE, with privileges of their own
    wherever = DefaultKey(role=found.owner, schema=None, kind=key.kind)
    here = DefaultKey(role=found.owner, schema=found.schema, kind=key.kind)
    whole = defaults.get(wherever, builtin.grants(key.kind, found.owner))
    added: Grants = defaults.get(here, frozenset()) if key.kind != "SCHEMA" else frozenset()
    return merged(whole, added)
