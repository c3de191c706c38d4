"""A refresh can begin at a snapshot that exists already: AWS's newest automated one, or a named one. Both stay."""

from __future__ import annotations

from deployments.demo.world import SOURCE_CLUSTER
from tests.e2e.conftest import Env


def snapshots(env: Env) -> set[str]:
    """Those of the source that no refresh made."""
    found = env.world.aws.client("rds").describe_db_cluster_snapshots(DBClusterIdentifier=SOURCE_CLUSTER)
    names = {snapshot["DBClusterSnapshotIdentifier"] for snapshot in found["DBClusterSnapshots"]}
    return {name for name in names if not name.startswith("refresh-")}


def test_the_latest_automated_snapshot_is_used_and_left_alone(env: Env) -> None:
    latest = env.world.aws.take_automated_snapshot(SOURCE_CLUSTER)
    before = snapshots(env)
    assert latest in before
    done = env.refresh("--from-snapshot", "latest-automated")
    assert done.returncode == 0, done.stderr[-3000:]
    assert latest in env.slack()[0]
    assert snapshots(env) == before
    assert env.query("SELECT count(*) FROM users") == [(3000,)]
    assert env.leftovers(archive_of=env.run_key()) == []


def test_a_named_snapshot_is_used_and_left_alone(env: Env) -> None:
    rds = env.world.aws.client("rds")
    name = f"before-the-release-{env.name}"
    made = rds.create_db_cluster_snapshot(
        DBClusterIdentifier=SOURCE_CLUSTER, DBClusterSnapshotIdentifier=name
    )
    rds.get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    before = snapshots(env)
    done = env.refresh("--from-snapshot", made["DBClusterSnapshot"]["DBClusterSnapshotArn"])
    assert done.returncode == 0, done.stderr[-3000:]
    assert snapshots(env) == before
    assert env.query("SELECT count(*) FROM users") == [(3000,)]


def test_a_snapshot_that_is_not_there_is_refused_by_name(env: Env) -> None:
    before = env.fingerprint()
    done = env.refresh("--from-snapshot", "no-such-snapshot")
    assert done.returncode != 0
    assert "no-such-snapshot" in done.stderr
    assert env.fingerprint() == before
    assert env.leftovers() == []
