"""The lock's key and its holder's name are the same for every process that asks."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.naming import RunKey
from tasks.postgres.advisory_lock import application_name, lock_key


def test_a_lock_key_never_changes() -> None:
    """Two versions of this project may refresh one target: both must ask for the same lock."""
    assert lock_key("app") == -5_311_699_697_584_344_899


@given(st.text())
@settings(max_examples=25)
def test_a_lock_key_is_an_int8(database: str) -> None:
    assert -(2**63) <= lock_key(database) < 2**63


def test_the_holders_name_fits_where_postgresql_would_cut_it() -> None:
    run = RunKey(env="a" * 30, flow_run_id=UUID(int=1))
    assert application_name(run) == f"dev-db-refresh {'a' * 30} 000000000001"
    assert len(application_name(run)) <= 63
