"""Each step fails in turn: cleanup ran, the target is what it was, nothing is left, Slack knows where and what next."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Env


def in_snapshot(env: Env) -> None:
    env.world.aws.faults.fail("CreateDBClusterSnapshot", "SnapshotQuotaExceeded")


def in_clone(env: Env) -> None:
    env.world.aws.faults.end_in("CreateDBInstance", "incompatible-network")


def in_mask(env: Env) -> None:
    policy = env.policy / "policy.yaml"
    policy.write_text(
        policy.read_text().replace("last_name: last_name", 'last_name: {sql: "(1 / (id - id))::text"}')
    )


def in_dump(env: Env) -> None:
    env.world.aws.faults.fail("PutObject", "AccessDenied", times=50)


def in_restore(env: Env) -> None:
    (env.policy / "post_restore" / "20_fails.sql").write_text(
        "SELECT 1 / (SELECT count(*) FROM users WHERE id < 0);\n"
    )


# A refresh in whose process Prefect's client breaks off when the summary is sent.
REFUSE_THE_SUMMARY = """
import sys
import tasks.reporting

def refuse(**_):
    raise ConnectionError("Prefect is away")

tasks.reporting.create_markdown_artifact = refuse
from flows.refresh import main
sys.exit(main(sys.argv[1:]))
"""

STEPS: dict[str, tuple[Callable[[Env], None], str]] = {
    "snapshot": (in_snapshot, "SnapshotQuotaExceeded"),
    "clone": (in_clone, "incompatible-network"),
    "mask": (in_mask, "SQLSTATE 22012"),
    "dump": (in_dump, "AccessDenied"),
    "restore": (in_restore, "20_fails.sql"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_step_leaves_the_target_as_it_was_and_nothing_else(env: Env, step: str) -> None:
    break_it, says = STEPS[step]
    before = env.fingerprint()
    break_it(env)
    done = env.refresh()
    env.world.aws.faults.reset()
    assert done.returncode != 0
    assert says in done.stderr, done.stderr[-4000:]
    assert env.runs()[0]["state_name"] == "Failed"
    assert env.runs("cleanup")[0]["state_name"] == "Completed"
    assert env.fingerprint() == before
    # After a failed restore the archive stays, for a retry that begins at it.
    kept = env.run_key() if step == "restore" else None
    assert env.leftovers(archive_of=kept) == []
    assert f"in step *{step}*" in env.slack()[-1]
    assert says in env.slack()[-1]


def test_a_failed_cleanup_fails_the_run_and_names_what_costs_money(env: Env) -> None:
    env.world.aws.faults.fail("DeleteDBCluster", "AccessDenied", times=500)
    done = env.refresh()
    assert done.returncode != 0
    identifier = env.run_key().aws_identifier("clone")
    assert f"aws rds delete-db-cluster --db-cluster-identifier {identifier}" in done.stderr
    assert [str(leftover) for leftover in env.leftovers(archive_of=env.run_key())] == [
        f"automated backup {identifier}",
        f"cluster {identifier}",
    ]
    assert "in step *cleanup*" in env.slack()[-1]
    # The target has the new data all the same, and the janitor finishes the job.
    assert env.query("SELECT count(*) FROM users") == [(3000,)]
    env.world.aws.faults.reset()
    swept = env.run_python("-m", "flows.janitor")
    assert swept.returncode == 0, swept.stderr[-3000:]
    assert env.leftovers(archive_of=env.run_key()) == []


def test_a_cleanup_that_fails_too_does_not_hide_the_first_error(env: Env) -> None:
    in_mask(env)
    env.world.aws.faults.fail("DeleteDBCluster", "AccessDenied", times=500)
    done = env.refresh()
    assert done.returncode != 0
    assert "SQLSTATE 22012" in env.runs()[0]["state"]["message"]
    env.world.aws.faults.reset()
    assert env.run_python("-m", "flows.janitor").returncode == 0
    assert env.leftovers() == []


def test_a_refresh_that_can_tell_nobody_of_its_end_has_succeeded_all_the_same(env: Env) -> None:
    """Prefect refuses the summary and Slack can't be reached, when the target has the new data already."""
    webhook = "http://127.0.0.1:9/services/a-secret-path"
    secrets = env.world.aws.client("secretsmanager")
    secret = secrets.create_secret(Name=f"masking/{env.name}/nowhere", SecretString=webhook)
    env.write(slack={"webhook_secret": secret["ARN"]})
    done = env.run_python("-c", REFUSE_THE_SUMMARY, "--env", env.name)
    assert done.returncode == 0, done.stderr[-3000:]
    assert env.runs()[0]["state_name"] == "Completed"
    assert "The summary wasn't written to the run's page: ConnectionError" in done.stderr
    assert "Slack wasn't told" in done.stderr
    assert "a-secret-path" not in done.stderr
    assert env.query("SELECT count(*) FROM users") == [(3000,)]
    assert env.leftovers(archive_of=env.run_key()) == []
