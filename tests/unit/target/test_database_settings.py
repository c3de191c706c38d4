"""A setting is carried over with the very value that is stored."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.target import DatabaseLocale
from tasks.postgres.database_ownership import TargetDatabase
from tasks.postgres.database_settings import limit_statements, setting_statements, split_list

LIVE = 1
SHADOW = TargetDatabase(
    oid=2,
    name="shadow",
    owner="o",
    comment=None,
    allows_connections=True,
    connection_limit=-1,
    is_template=False,
    locale=DatabaseLocale(encoding="UTF8", collate="C", ctype="C"),
)


def statements(*rows: tuple[int, str | None, str, str]) -> list[str]:
    as_rows = [{"oid": oid, "role": role, "name": name, "value": value} for oid, role, name, value in rows]
    return [statement.as_string() for _, statement in setting_statements(as_rows, live=LIVE, shadow=SHADOW)]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("work_mem", "17MB", "\"work_mem\" TO '17MB'"),
        ("search_path", '"$user", public', "\"search_path\" TO '$user', 'public'"),
        ("search_path", "", "\"search_path\" TO ''"),
        ("search_path", '""', "\"search_path\" TO ''"),
        ("DateStyle", "ISO, DMY", "\"DateStyle\" TO 'ISO, DMY'"),
        ("app.motto", "it's", "\"app\".\"motto\" TO 'it''s'"),
    ],
)
def test_a_list_of_names_is_quoted_one_by_one_and_any_other_value_as_a_whole(
    name: str, value: str, expected: str
) -> None:
    assert statements((LIVE, None, name, value)) == [f'ALTER DATABASE "shadow" SET {expected}']


def test_a_roles_setting_is_for_the_role_in_the_database() -> None:
    assert statements((LIVE, "r", "jit", "off")) == [
        'ALTER ROLE "r" IN DATABASE "shadow" SET "jit" TO \'off\''
    ]


def test_only_what_differs_is_set_and_what_live_lacks_is_reset() -> None:
    same = [(oid, None, "jit", "off") for oid in (LIVE, SHADOW.oid)]
    assert statements(*same) == []
    assert statements(*same, (SHADOW.oid, None, "work_mem", "1MB")) == [
        'ALTER DATABASE "shadow" RESET "work_mem"'
    ]


@given(st.lists(st.text(min_size=1, alphabet=st.characters(codec="utf-8", exclude_characters="\x00"))))
@settings(max_examples=25)
def test_a_list_is_split_as_postgresql_joined_it(names: list[str]) -> None:
    joined = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    assert split_list(joined) == names


def test_limits_are_altered_where_they_differ() -> None:
    assert limit_statements(SHADOW, SHADOW) == []
    live = TargetDatabase(**{**SHADOW.__dict__, "connection_limit": 33, "is_template": True})
    assert [statement.as_string() for statement in limit_statements(live, SHADOW)] == [
        'ALTER DATABASE "shadow" CONNECTION LIMIT 33',
        'ALTER DATABASE "shadow" IS_TEMPLATE true',
    ]
