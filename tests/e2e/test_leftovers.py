"""The leftovers are read afresh: an orphan of every kind is listed, and what is meant to stay isn't."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from contracts.naming import RunKey
from contracts.ownership import Ownership
from deployments.demo.world import BUCKET, SOURCE_CLUSTER
from tests.e2e.conftest import Env


def test_one_orphan_of_each_kind_is_listed_and_swept(env: Env) -> None:
    aws = env.world.aws
    run = RunKey(env=env.name, flow_run_id=uuid4())
    # Prefect doesn't know this run, so the janitor waits until a day past the expiry.
    expired = datetime.now(UTC) - timedelta(days=2)
    ownership = Ownership(env=env.name, flow_run_id=run.flow_run_id, expires_at=expired)
    rds, s3, tags = aws.client("rds"), aws.client("s3"), ownership.aws_tags()

    snapshot = run.aws_identifier("snapshot")
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier=SOURCE_CLUSTER, DBClusterSnapshotIdentifier=snapshot, Tags=tags
    )
    rds.get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=snapshot, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    cluster = run.aws_identifier("clone")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier=cluster,
        SnapshotIdentifier=snapshot,
        Engine="aurora-postgresql",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 1},
        Tags=tags,
    )
    rds.get_waiter("db_cluster_available").wait(
        DBClusterIdentifier=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    instance = run.aws_identifier("clone-writer")
    rds.create_db_instance(
        DBInstanceIdentifier=instance,
        DBClusterIdentifier=cluster,
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
        Tags=tags,
    )
    secret = run.aws_identifier("clone-master")
    aws.client("secretsmanager").create_secret(Name=secret, SecretString="{}", Tags=tags)
    home = f"refresh/{env.name}/{env.database}/{run.key}/"
    s3.put_object(
        Bucket=BUCKET,
        Key=f"{home}toc.dat",
        Body=b"half an archive",
        Tagging="&".join(f"{tag['Key']}={tag['Value']}" for tag in tags),
    )
    s3.create_multipart_upload(Bucket=BUCKET, Key=f"{home}4001.dat.zst")
    shadow = run.shadow_database(env.database)
    # Known by our comment alone: somebody has given it a name of theirs.
    renamed = f"renamed_by_hand_{env.name}"
    with psycopg.connect(env.world.target_conninfo("postgres"), autocommit=True) as connection:
        for name in (shadow, renamed):
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER master").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(name), sql.Literal(ownership.comment_line())
                )
            )

    assert {(found.kind, found.identifier) for found in env.leftovers()} >= {
        ("cluster snapshot", snapshot),
        ("cluster", cluster),
        ("instance", instance),
        ("secret", secret),
        ("archive", home),
        ("incomplete upload", f"{home}4001.dat.zst"),
        ("database", shadow),
        ("database", renamed),
    }
    swept = env.run_python("-m", "flows.janitor")
    assert swept.returncode == 0, swept.stderr[-3000:]
    # Whoever renamed it wants it for something.
    assert [str(found) for found in env.leftovers()] == [f"database {renamed}"]
    with psycopg.connect(env.world.target_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(renamed)))


def test_an_automated_backup_and_a_secret_pending_deletion_are_listed(env: Env) -> None:
    aws = env.world.aws
    rds = aws.client("rds")
    run = RunKey(env=env.name, flow_run_id=uuid4())
    cluster = run.aws_identifier("clone")
    rds.create_db_cluster(
        DBClusterIdentifier=cluster,
        Engine="aurora-postgresql",
        MasterUsername="master",
        MasterUserPassword="a-password-of-the-test",
    )
    rds.get_waiter("db_cluster_available").wait(
        DBClusterIdentifier=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    rds.get_waiter("db_cluster_deleted").wait(
        DBClusterIdentifier=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    secrets = aws.client("secretsmanager")
    secret = run.aws_identifier("clone-master")
    secrets.create_secret(Name=secret, SecretString="{}")
    secrets.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    assert {(found.kind, found.identifier) for found in env.leftovers()} == {
        ("automated backup", cluster),
        ("secret", secret),
    }
    (backup,) = rds.describe_db_cluster_automated_backups(DBClusterIdentifier=cluster)[
        "DBClusterAutomatedBackups"
    ]
    rds.delete_db_cluster_automated_backup(DbClusterResourceId=backup["DbClusterResourceId"])
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    assert env.leftovers() == []


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """What isn't ours but looks like it, and the sweep that met it."""

    env: Env
    named_like_ours: str
    copy_of_a_snapshot: str
    copy_of_a_secret: str
    sweep: subprocess.CompletedProcess[str]

    @property
    def left(self) -> set[str]:
        return {str(found) for found in self.env.leftovers()}


@pytest.fixture(scope="class")
def foreign(envs: Any) -> Iterator[Foreign]:
    env: Env = envs()
    aws = env.world.aws
    rds, secrets = aws.client("rds"), aws.client("secretsmanager")
    long_ago = datetime.now(UTC) - timedelta(days=20)
    tags = Ownership(env=env.name, flow_run_id=uuid4(), expires_at=long_ago).aws_tags()
    like_ours, snapshot, secret = (
        f"refresh-{env.name}-000000000000-snapshot",
        f"before-migration-{env.name}",
        f"copied/{env.name}",
    )
    for name, its_tags in ((like_ours, []), (snapshot, tags)):
        rds.create_db_cluster_snapshot(
            DBClusterIdentifier=SOURCE_CLUSTER, DBClusterSnapshotIdentifier=name, Tags=its_tags
        )
        rds.get_waiter("db_cluster_snapshot_available").wait(
            DBClusterSnapshotIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    secrets.create_secret(Name=secret, SecretString="{}", Tags=tags)
    sweep = env.run_python("-m", "flows.janitor")
    assert sweep.returncode == 0, sweep.stderr[-3000:]
    yield Foreign(
        env=env,
        named_like_ours=like_ours,
        copy_of_a_snapshot=snapshot,
        copy_of_a_secret=secret,
        sweep=sweep,
    )
    for name in (like_ours, snapshot):
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    env.forget()


class TestWhatIsNotOurs:
    def test_is_never_deleted_if_it_lacks_our_tags_whatever_its_name(self, foreign: Foreign) -> None:
        assert f"cluster snapshot {foreign.named_like_ours}" in foreign.left

    def test_is_never_deleted_if_it_is_a_copy_by_hand_though_our_tags_came_along(
        self, foreign: Foreign
    ) -> None:
        copies = {f"cluster snapshot {foreign.copy_of_a_snapshot}", f"secret {foreign.copy_of_a_secret}"}
        assert copies <= foreign.left
        assert foreign.copy_of_a_snapshot in foreign.sweep.stderr + foreign.sweep.stdout


def test_what_an_env_left_whose_file_is_gone_is_swept_too(env: Env) -> None:
    """A block outlives its file; where not even the block is left, the sweep fails and names what it found."""
    aws = env.world.aws
    rds = aws.client("rds")
    assert env.run_python("-m", "blocks.register", env.name).returncode == 0
    long_ago = datetime.now(UTC) - timedelta(days=20)
    mine = RunKey(env=env.name, flow_run_id=uuid4())
    nobodys = RunKey(env="long-gone", flow_run_id=uuid4())
    for run in (mine, nobodys):
        name = run.aws_identifier("snapshot")
        ownership = Ownership(env=run.env, flow_run_id=run.flow_run_id, expires_at=long_ago)
        rds.create_db_cluster_snapshot(
            DBClusterIdentifier=SOURCE_CLUSTER, DBClusterSnapshotIdentifier=name, Tags=ownership.aws_tags()
        )
        rds.get_waiter("db_cluster_snapshot_available").wait(
            DBClusterSnapshotIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    env.file.unlink()
    done = env.run_python("-m", "flows.janitor")
    assert f"cluster snapshot {nobodys.aws_identifier('snapshot')} of env 'long-gone'" in done.stderr
    assert done.returncode != 0
    left = {
        found["DBClusterSnapshotIdentifier"]
        for found in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    }
    assert mine.aws_identifier("snapshot") not in left
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=nobodys.aws_identifier("snapshot"))


def test_an_archive_with_a_file_of_somebody_elses_is_named_and_the_others_are_swept(env: Env) -> None:
    s3 = env.world.aws.client("s3")
    home = f"refresh/{env.name}/{env.database}/"
    runs = sorted((RunKey(env=env.name, flow_run_id=uuid4()) for _ in range(2)), key=lambda run: run.key)
    for run in runs:
        long_ago = datetime.now(UTC) - timedelta(days=20)
        ownership = Ownership(env=run.env, flow_run_id=run.flow_run_id, expires_at=long_ago)
        tagging = "&".join(f"{key}={value}" for key, value in ownership.tags().items())
        s3.put_object(Bucket=BUCKET, Key=f"{home}{run.key}/4001.dat.zst", Body=b"half", Tagging=tagging)
    s3.put_object(Bucket=BUCKET, Key=f"{home}{runs[0].key}/notes.txt", Body=b"somebody's")
    done = env.run_python("-m", "flows.janitor")
    assert done.returncode != 0
    assert f"archive s3://{BUCKET}/{home}{runs[0].key}/" in done.stderr
    assert {(found.kind, found.identifier) for found in env.leftovers()} == {
        ("archive", f"{home}{runs[0].key}/")
    }
    for name in ("notes.txt", "4001.dat.zst"):
        s3.delete_object(Bucket=BUCKET, Key=f"{home}{runs[0].key}/{name}")
