"""Settings that live's own sessions need go over to the restored database and don't reach ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from contracts.errors import VerificationFailed
from tasks.client_tools import client_environment
from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.carry_over import carry_over
from tasks.postgres.connection import connect
from tasks.postgres.post_restore import run_scripts, run_verifications

if TYPE_CHECKING:
    from tests.integration.target.conftest import Target

LIMITS = {
    "statement_timeout": "200ms",
    "lock_timeout": "200ms",
    "idle_in_transaction_session_timeout": "200ms",
    "default_transaction_read_only": "on",
}
NO_LIMITS = {name: "off" if value == "on" else "0" for name, value in LIMITS.items()}


def shadow_of_a_limited_live(target: Target) -> str:
    """A shadow that has got live's limits: of the database, of the role, and of the role in it."""
    limits = LIMITS | ({"transaction_timeout": "200ms"} if target.server_major >= 17 else {})
    for name, value in limits.items():
        for whose in (f"DATABASE {target.database}", f"ROLE master IN DATABASE {target.database}"):
            target.execute(f"ALTER {whose} SET {name} = '{value}'", "postgres")
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
        assert carry_over(target.login, target.database, run).warnings == ()
    (found,) = target.execute(
        sql.SQL(
            "SELECT array_agg(s ORDER BY s) FROM pg_db_role_setting r, unnest(setconfig) AS s"
            " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = {}) AND setrole = 0"
        ).format(sql.Literal(shadow)),
        "postgres",
    )
    assert found == (sorted(f"{name}={value}" for name, value in limits.items()),)
    return shadow


def test_scripts_and_queries_run_without_the_limits_of_live(target: Target, tmp_path: Path) -> None:
    shadow = shadow_of_a_limited_live(target)
    scripts, queries = tmp_path / "post_restore", tmp_path / "verification"
    scripts.mkdir()
    queries.mkdir()
    (scripts / "10_slow.sql").write_text("SELECT pg_sleep(0.6)")
    (scripts / "20_writes.sql").write_text("UPDATE public.marker SET generation = 'finished'")
    (queries / "10_slow.sql").write_text("SELECT 1 FROM pg_sleep(0.6) WHERE false")
    assert run_scripts(target.login, shadow, scripts) == ("10_slow.sql", "20_writes.sql")
    assert run_verifications(target.login, shadow, queries) == ("10_slow.sql",)
    assert target.marker(shadow) == "finished"
    (queries / "20_wrong.sql").write_text("SELECT * FROM public.marker")
    with pytest.raises(VerificationFailed, match=r"20_wrong\.sql"):
        run_verifications(target.login, shadow, queries)


def test_no_session_of_ours_has_a_limit_of_live(target: Target) -> None:
    shadow = shadow_of_a_limited_live(target)
    with connect(target.login, shadow) as connection:
        assert shown(connection) == NO_LIMITS


def test_no_client_tool_has_a_limit_of_live(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow = shadow_of_a_limited_live(target)
    for name, value in client_environment(target.login, shadow, "-c work_mem=5MB").items():
        monkeypatch.setenv(name, value)
    with psycopg.connect() as connection:
        assert shown(connection) == NO_LIMITS
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)


def shown(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, object]:
    query = "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)"
    return {str(name): setting for name, setting in connection.execute(query, (list(NO_LIMITS),))}
