"""Which snapshot may be shared as it is, and which accounts a snapshot may cross between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.environment_files import read_environment
from contracts.environment import Environment, Share
from contracts.errors import PreconditionFailed
from contracts.results import Snapshot
from contracts.sharing import can_be_shared_as_it_is, check_accounts, way_across

PRODUCTION, STAGING = "999900001111", "123456789012"
SHARE_KEY = f"arn:aws:kms:eu-west-1:{PRODUCTION}:key/1111-2222"
SHARE = Share(kms_key_id=SHARE_KEY, with_account=STAGING)
TAKEN = Snapshot(
    arn=f"arn:aws:rds:eu-west-1:{PRODUCTION}:cluster-snapshot:x",
    identifier="x",
    kind="manual",
    engine_version="17.4",
    master_username="master",
    is_ours=True,
    kms_key_id=SHARE_KEY,
)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The shipped ``staging``, whose production is an account of its own."""
    monkeypatch.delenv("REFRESH_CONFIG_ROOT", raising=False)
    shipped = read_environment("staging")
    return shipped.model_copy(update={"source": shipped.source.model_copy(update={"share": SHARE})})


def test_the_runs_own_snapshot_under_the_shares_key_is_shared_as_it_is() -> None:
    assert can_be_shared_as_it_is(TAKEN, SHARE)


@pytest.mark.parametrize(
    "snapshot",
    [
        replace(TAKEN, kms_key_id=f"arn:aws:kms:eu-west-1:{PRODUCTION}:key/aws-rds"),
        replace(TAKEN, kms_key_id=None),
        replace(TAKEN, is_ours=False, kind="named"),
        replace(TAKEN, is_ours=False, kind="automated"),
    ],
    ids=["under another key", "not encrypted", "somebody's", "AWS's"],
)
def test_any_other_snapshot_is_copied_first(snapshot: Snapshot) -> None:
    assert not can_be_shared_as_it_is(snapshot, SHARE)


def check(environment: Environment, *, source: str = PRODUCTION, target: str = STAGING, **how: bool) -> None:
    check_accounts(
        environment,
        source_arn=f"arn:aws:rds:eu-west-1:{source}:cluster:shop-production",
        target_arn=f"arn:aws:rds:eu-west-1:{target}:cluster:shop-staging",
        is_source_encrypted=how.get("is_source_encrypted", True),
    )


def test_accounts_that_the_file_says_are_fine(environment: Environment) -> None:
    check(environment)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": STAGING}, "in the target's own account"),
        ({"target": "222233334444"}, f"shared with account {STAGING}, and the target is in 222233334444"),
        ({"source": "222233334444"}, f"a key of account {PRODUCTION}"),
        ({"is_source_encrypted": False}, "isn't encrypted"),
    ],
)
def test_accounts_that_contradict_the_file_are_refused(
    environment: Environment, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(PreconditionFailed, match=says):
        check(environment, **changes)  # type: ignore[arg-type]


def test_two_accounts_without_a_share_are_refused(environment: Environment) -> None:
    plain = environment.model_copy(update={"source": environment.source.model_copy(update={"share": None})})
    check(plain, source=STAGING)
    with pytest.raises(PreconditionFailed, match=f"account {PRODUCTION}, the target in {STAGING}"):
        check(plain)
    assert way_across(plain) is None


def test_the_way_names_both_keys_and_the_account(environment: Environment) -> None:
    way = way_across(environment)
    assert way is not None
    assert all(word in way for word in (SHARE_KEY, STAGING, environment.clone.kms_key_id))
