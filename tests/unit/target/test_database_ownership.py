"""A database is ours by its comment, or by the mark of a shadow whose maker died before it could write one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import NotOurs
from contracts.naming import RunKey
from contracts.ownership import Ownership
from contracts.target import DatabaseLocale
from tasks.postgres.database_ownership import (
    TargetDatabase,
    check_previous_is_ours,
    check_shadow_is_ours,
    half_made_limit,
    is_half_made,
    kind_of,
)

RUN = RunKey(env="staging", flow_run_id=UUID("0198c0de-0000-7000-8000-a1b2c3d4e5f6"))
OWNERSHIP = Ownership(env="staging", flow_run_id=RUN.flow_run_id, expires_at=datetime(2030, 1, 1, tzinfo=UTC))
LOCALE = DatabaseLocale(encoding="UTF8", collate="en_US.UTF-8", ctype="en_US.UTF-8")
HALF_MADE = TargetDatabase(
    oid=1,
    name=RUN.shadow_database("app"),
    owner="app_owner",
    comment=None,
    allows_connections=False,
    connection_limit=half_made_limit(RUN.key),
    is_template=False,
    locale=LOCALE,
)


def test_a_shadow_without_a_comment_is_ours_only_with_all_of_its_marks() -> None:
    assert is_half_made(HALF_MADE, "app")
    assert is_half_made(replace(HALF_MADE, connection_limit=-2), "app")
    for other in (
        replace(HALF_MADE, comment=""),
        replace(HALF_MADE, comment="Kim's"),
        replace(HALF_MADE, allows_connections=True),
        replace(HALF_MADE, connection_limit=-1),
        replace(HALF_MADE, connection_limit=HALF_MADE.connection_limit + 1),
        replace(HALF_MADE, name="app__previous"),
        replace(HALF_MADE, name="app__refresh_a1b2c3d4e5f7"),
        replace(HALF_MADE, name="app__refresh_A1B2C3D4E5F6"),
        replace(HALF_MADE, name="app"),
    ):
        assert not is_half_made(other, "app")
        with pytest.raises(NotOurs):
            check_shadow_is_ours(other, "app", RUN)
    assert not is_half_made(HALF_MADE, "ap")


@given(st.integers(min_value=0, max_value=16**12 - 1))
@settings(max_examples=25)
def test_the_mark_is_a_connection_limit_that_postgresql_takes_and_nobody_sets(number: int) -> None:
    assert 1 <= half_made_limit(f"{number:012x}") <= 2**31 - 1


def test_a_shadow_is_ours_by_its_comments_run_and_env() -> None:
    made = replace(HALF_MADE, comment=OWNERSHIP.comment_line(), allows_connections=True, connection_limit=-1)
    check_shadow_is_ours(made, "app", RUN)
    for run in (replace(RUN, env="qa"), replace(RUN, flow_run_id=UUID(int=7))):
        with pytest.raises(NotOurs):
            check_shadow_is_ours(made, "app", run)


def test_previous_is_ours_whichever_run_of_the_env_made_it() -> None:
    previous = replace(HALF_MADE, name="app__previous", comment=f"Kim's\n{OWNERSHIP.comment_line()}")
    assert check_previous_is_ours(previous, "staging") == OWNERSHIP
    for other in (previous, replace(previous, comment=None)):
        with pytest.raises(NotOurs):
            check_previous_is_ours(other, "qa")


@pytest.mark.parametrize(
    ("name", "comment", "kind"),
    [
        ("app", None, "live"),
        ("app__previous", None, "previous"),
        ("app__original", None, "original"),
        ("app__refresh_a1b2c3d4e5f6", None, "shadow"),
        ("app__refresh_a1b2c3d4e5f", None, None),
        ("app__previous__previous", None, None),
        ("apple", None, None),
        ("elsewhere", OWNERSHIP.comment_line(), "other"),
    ],
)
def test_what_a_database_is_follows_from_its_name_and_comment(
    name: str, comment: str | None, kind: str | None
) -> None:
    assert kind_of(replace(HALF_MADE, name=name, comment=comment), "app") == kind


def test_two_spellings_of_one_locale_do_not_differ() -> None:
    assert LOCALE.differences(replace(LOCALE, collate="en_US.utf8")) == ()
    assert LOCALE.differences(replace(LOCALE, collate="de_DE.utf8", encoding="LATIN1")) == (
        "encoding: LATIN1, not UTF8",
        "collate: de_DE.utf8, not en_US.UTF-8",
    )
    assert LOCALE.differences(replace(LOCALE, provider="icu", locale="de")) == (
        "provider: icu, not libc",
        "locale: de, not ",
    )
