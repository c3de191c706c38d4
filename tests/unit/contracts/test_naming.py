"""Names come from the run's own id, and fit where they are used."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.naming import (
    ROLES,
    RunKey,
    archive_prefix,
    key_of_shadow,
    original_database,
    previous_database,
)

# Ids of three scheduled runs made in one batch: UUIDv7, so their first digits are one timestamp.
ONE_BATCH = (
    UUID("019abd02-5f10-7a31-9c4e-3f1b5d7e9a01"),
    UUID("019abd02-5f10-7a32-8b2d-61c08f24d7b2"),
    UUID("019abd02-5f10-7a33-a1f7-9e4470cc13d9"),
)
env_names = st.from_regex(re.compile(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,6}){0,3}", re.ASCII), fullmatch=True)


def test_the_key_is_the_last_twelve_hex_digits_of_the_flow_run_id() -> None:
    assert RunKey(env="staging", flow_run_id=ONE_BATCH[0]).key == "3f1b5d7e9a01"


def test_runs_of_one_batch_have_keys_of_their_own() -> None:
    keys = {RunKey(env="staging", flow_run_id=flow_run_id).key for flow_run_id in ONE_BATCH}
    assert len(keys) == 3


@given(env=env_names, flow_run_id=st.uuids())
def test_every_identifier_is_one_that_rds_accepts(env: str, flow_run_id: UUID) -> None:
    run = RunKey(env=env, flow_run_id=flow_run_id)
    for role in ("snapshot", "clone", "clone-writer", "clone-master"):
        identifier = run.aws_identifier(role)
        assert len(identifier) <= 63
        assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", identifier)
        assert "--" not in identifier


@pytest.mark.parametrize("env", ["", "Staging", "1st", "a--b", "a-", "env_1", "e" * 31, "é"])
def test_an_env_name_that_rds_or_s3_would_refuse_is_refused(env: str) -> None:
    with pytest.raises(ConfigurationError, match="name must be"):
        RunKey(env=env, flow_run_id=uuid4())


@given(env=env_names, flow_run_id=st.uuids())
def test_an_identifier_is_known_again_by_its_run_and_by_no_other(env: str, flow_run_id: UUID) -> None:
    run = RunKey(env=env, flow_run_id=flow_run_id)
    for role in ROLES:
        identifier = run.aws_identifier(role)
        assert run.role_of(identifier) == role
        assert run.role_of(f"{identifier}-copy") is None
        assert RunKey(env=f"{env}x", flow_run_id=flow_run_id).role_of(identifier) is None


def test_a_shadow_is_known_by_its_name_and_nothing_else_is() -> None:
    run = RunKey(env="staging", flow_run_id=ONE_BATCH[1])
    assert run.shadow_database("shop") == "shop__refresh_61c08f24d7b2"
    assert key_of_shadow("shop__refresh_61c08f24d7b2", "shop") == run.key
    for other in ("shop", "shop__refresh_", "shop__refresh_61c08f24d7bX", "toyshop__refresh_61c08f24d7b2"):
        assert key_of_shadow(other, "shop") is None


def test_a_database_whose_shadow_would_not_fit_is_refused() -> None:
    run = RunKey(env="staging", flow_run_id=ONE_BATCH[1])
    assert len(run.shadow_database("d" * 41).encode()) == 63
    with pytest.raises(ConfigurationError, match="63 bytes"):
        run.shadow_database("d" * 42)
    assert previous_database("shop") == "shop__previous"
    assert original_database("shop") == "shop__original"


def test_an_archive_lies_below_prefix_env_database_and_key() -> None:
    assert (
        archive_prefix("/refresh/", "staging", "shop", "61c08f24d7b2") == "refresh/staging/shop/61c08f24d7b2/"
    )
    assert archive_prefix("", "staging", "shop", "61c08f24d7b2") == "staging/shop/61c08f24d7b2/"
