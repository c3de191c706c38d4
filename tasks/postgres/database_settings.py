"""What belongs to a database itself and so stays behind when another takes its name: access and settings. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import sql

from tasks.postgres.database_ownership import TargetDatabase
from tasks.postgres.grants import grant_statements, grants_from_rows, handed_over

# Settings whose value is a list of names, each quoted on its own: as one literal, the list would become one name.
# variable_is_guc_list_quote() in PostgreSQL's src/fe_utils/string_utils.c (pg_dump).
_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)

Rows = Iterable[Mapping[str, Any]]


def access_statements(rows: Rows, *, live: int, shadow: TargetDatabase, owner: str) -> list[sql.Composed]:
    """GRANT and REVOKE … ON DATABASE that let into ``shadow``, which ``owner`` owns, whom live lets in.

    ``rows`` are ``sql/target/database_privileges.sql`` for both; ``live`` is live's oid.
    """
    rows = list(rows)
    of_live = [row for row in rows if row["oid"] == live]
    of_shadow = [row for row in rows if row["oid"] == shadow.oid]
    wanted = grants_from_rows(of_live)
    if of_live:
        former = of_live[0]
        wanted = handed_over(
            wanted, before=former["owner"], after=owner, keep_before=not former["owner_is_superuser"]
        )
    return grant_statements(
        sql.SQL("DATABASE {}").format(sql.Identifier(shadow.name)),
        wanted=wanted,
        found=grants_from_rows(of_shadow),
    )


def limit_statements(live: TargetDatabase, shadow: TargetDatabase) -> list[sql.Composed]:
    """ALTER DATABASE for live's connection limit and template flag, where ``shadow`` differs."""
    name = sql.Identifier(shadow.name)
    statements = []
    if live.connection_limit != shadow.connection_limit:
        statements.append(
            sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, live.connection_limit)
        )
    if live.is_template != shadow.is_template:
        statements.append(sql.SQL("ALTER DATABASE {} IS_TEMPLATE {}").format(name, live.is_template))
    return statements


def setting_statements(rows: Rows, *, live: int, shadow: TargetDatabase) -> list[tuple[str, sql.Composed]]:
    """ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET that ``shadow`` lacks, and RESET of what live hasn't.

    ``rows`` are ``sql/target/database_settings.sql`` for both. Each comes with what to call it in a warning.
    """
    values: dict[int, dict[tuple[str | None, str], str]] = {live: {}, shadow.oid: {}}
    for row in rows:
        values[row["oid"]][row["role"], row["name"]] = row["value"]
    wanted, found = values[live], values[shadow.oid]
    statements = []
    for (role, name), value in wanted.items():
        if found.get((role, name)) != value:
            change = sql.SQL("SET {} TO {}").format(_name(name), _value(name, value))
            statements.append((_described(role, name), _alter(role, shadow.name, change)))
    for role, name in found.keys() - wanted.keys():
        statements.append(
            (_described(role, name), _alter(role, shadow.name, sql.SQL("RESET {}").format(_name(name))))
        )
    return statements


def split_list(value: str) -> list[str]:
    """The names in a stored list setting: comma separated, in double quotes where they need it.

    >>> split_list('"$user", public, "a ""b"", c"')
    ['$user', 'public', 'a "b", c']
    """
    names, position = [], 0
    while position < len(value):
        name, position = _next_name(value, position)
        names.append(name)
    return names


def _next_name(value: str, position: int) -> tuple[str, int]:
    """The name that begins at ``position``, and where the next one does."""
    while position < len(value) and value[position].isspace():
        position += 1
    characters: list[str] = []
    if position < len(value) and value[position] == '"':
        position += 1
        while position < len(value):
            if value[position] == '"':
                if value[position + 1 : position + 2] != '"':
                    break
                position += 1
            characters.append(value[position])
            position += 1
        end = value.find(",", position)
    else:
        end = value.find(",", position)
        characters.append(value[position : end if end >= 0 else len(value)].strip())
    return "".join(characters), (end + 1 if end >= 0 else len(value))


def _alter(role: str | None, database: str, change: sql.Composed) -> sql.Composed:
    if role is None:
        return sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(database), change)
    return sql.SQL("ALTER ROLE {} IN DATABASE {} {}").format(
        sql.Identifier(role), sql.Identifier(database), change
    )


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def _value(name: str, value: str) -> sql.Composable:
    if name.lower() in _LISTS:
        names = split_list(value)
        return sql.SQL(", ").join(map(sql.Literal, names)) if names else sql.Literal("")
    return sql.Literal(value)


def _described(role: str | None, name: str) -> str:
    return f"setting {name} of role {role}" if role else f"setting {name}"
