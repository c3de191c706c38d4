"""Snapshots: consistent under writes, shared and copied between accounts, manual ones beside automated ones."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from psycopg import sql

from deployments.localaws import LocalAws
from tests.fix_localaws import VISIBLE_STATUS_S, Aurora, refused, wait_until_gone

OTHER_ACCOUNT = "444455556666"


@pytest.fixture(scope="session")
def taken(local_aws: LocalAws, shop: str) -> str:
    """The ARN of a snapshot of the shop, to be left as it is."""
    return Aurora(local_aws).snapshot(shop, DBClusterSnapshotIdentifier="taken")


def keep_transferring(aurora: Aurora, cluster: str, stopped: threading.Event) -> None:
    """Move money between two tables, in transactions that keep the sum at zero."""
    with aurora.connect(cluster) as connection:
        while not stopped.is_set():
            with connection.transaction():
                connection.execute("INSERT INTO debits (amount) SELECT g FROM generate_series(1, 50) g")
                connection.execute("INSERT INTO credits (amount) SELECT -g FROM generate_series(1, 50) g")
                connection.execute("UPDATE debits SET amount = amount WHERE id % 97 = 0")


class TestASnapshot:
    def test_is_creating_before_it_is_available(self, aws: LocalAws, aurora: Aurora, spare: str) -> None:
        aws.least_status_s = VISIBLE_STATUS_S
        identifier = aurora.new_id("snapshot")
        answer = aurora.rds.create_db_cluster_snapshot(
            DBClusterIdentifier=spare, DBClusterSnapshotIdentifier=identifier
        )["DBClusterSnapshot"]
        assert (answer["Status"], answer["PercentProgress"]) == ("creating", 0)
        assert aurora.wait_for_snapshot(identifier) == ["creating", "available"]
        assert aurora.describe_snapshot(identifier)["PercentProgress"] == 100
        aurora.wait_for_cluster(spare)

    def test_taken_under_writes_holds_one_moment_of_them(self, aurora: Aurora) -> None:
        cluster = aurora.create()
        with aurora.connect(cluster) as connection:
            for table in ("debits", "credits"):
                connection.execute(
                    sql.SQL("CREATE TABLE {} (id bigserial PRIMARY KEY, amount bigint)").format(
                        sql.Identifier(table)
                    )
                )
        stopped = threading.Event()
        writers = [
            threading.Thread(target=keep_transferring, args=(aurora, cluster, stopped)) for _ in range(2)
        ]
        for writer in writers:
            writer.start()
        try:
            snapshot = aurora.snapshot(cluster)
        finally:
            stopped.set()
            for writer in writers:
                writer.join()
        restored = aurora.restore(snapshot)
        with aurora.superuser(restored, "postgres") as connection:
            row = connection.execute(
                "SELECT (SELECT sum(amount) FROM debits) + (SELECT sum(amount) FROM credits), "
                "(SELECT count(*) FROM debits) = (SELECT count(*) FROM credits), (SELECT count(*) FROM debits) > 0"
            ).fetchone()
            assert row == (0, True, True)
            connection.execute("CREATE EXTENSION amcheck")
            connection.execute(
                "SELECT bt_index_check('debits_pkey', true), bt_index_check('credits_pkey', true)"
            )

    def test_does_not_change_with_its_cluster(self, aurora: Aurora) -> None:
        cluster = aurora.create()
        with aurora.connect(cluster) as connection:
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 10) AS n")
        snapshot = aurora.snapshot(cluster)
        with aurora.connect(cluster) as connection:
            connection.execute("DELETE FROM t")
        aurora.delete(cluster)
        restored = aurora.restore(snapshot)
        with aurora.connect(restored) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (10,)

    def test_leaves_no_slot_behind_in_its_source(self, aurora: Aurora, shop: str, taken: str) -> None:
        with aurora.superuser(shop) as connection:
            assert connection.execute("SELECT count(*) FROM pg_replication_slots").fetchone() == (0,)

    def test_is_refused_a_name_that_is_taken_or_no_name(self, aurora: Aurora, shop: str, taken: str) -> None:
        for identifier, code in (
            ("taken", "DBClusterSnapshotAlreadyExistsFault"),
            ("not a name", "InvalidParameterValue"),
            ("rds:mine", "InvalidParameterValue"),
        ):
            with refused(code):
                aurora.rds.create_db_cluster_snapshot(
                    DBClusterIdentifier=shop, DBClusterSnapshotIdentifier=identifier
                )
        with refused("DBClusterNotFoundFault"):
            aurora.rds.create_db_cluster_snapshot(
                DBClusterIdentifier="nothing", DBClusterSnapshotIdentifier=aurora.new_id()
            )

    def test_has_its_own_tags_else_its_clusters_if_that_copies_them(self, aurora: Aurora) -> None:
        tags = [{"Key": "of", "Value": "the cluster"}]
        own = [{"Key": "of", "Value": "the snapshot"}]
        cluster = aurora.create(with_instance=False, Tags=tags, CopyTagsToSnapshot=True)
        assert self._tags(aurora, aurora.snapshot(cluster)) == tags
        assert self._tags(aurora, aurora.snapshot(cluster, Tags=own)) == own

    def test_has_no_tags_of_a_cluster_that_does_not_copy_them(self, aurora: Aurora, taken: str) -> None:
        assert self._tags(aurora, taken) == []

    @staticmethod
    def _tags(aurora: Aurora, arn: str) -> list[dict[str, str]]:
        tags: list[dict[str, str]] = aurora.rds.list_tags_for_resource(ResourceName=arn)["TagList"]
        assert aurora.describe_snapshot(arn)["TagList"] == tags
        return tags

    def test_is_deleted_and_then_not_found(self, aurora: Aurora, spare: str) -> None:
        arn = aurora.snapshot(spare)
        identifier = arn.rsplit(":", 1)[1]
        aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=identifier)
        code = wait_until_gone(lambda: aurora.describe_snapshot(identifier))
        assert code == "DBClusterSnapshotNotFoundFault"
        with refused("DBClusterSnapshotNotFoundFault"):
            aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=identifier)

    def test_cannot_be_used_before_it_is_available(self, aws: LocalAws, aurora: Aurora, spare: str) -> None:
        aws.least_status_s = VISIBLE_STATUS_S
        identifier = aurora.new_id("snapshot")
        aurora.rds.create_db_cluster_snapshot(
            DBClusterIdentifier=spare, DBClusterSnapshotIdentifier=identifier
        )
        with refused("InvalidDBClusterSnapshotStateFault"):
            aurora.rds.restore_db_cluster_from_snapshot(
                DBClusterIdentifier=aurora.new_id(), SnapshotIdentifier=identifier, Engine="aurora-postgresql"
            )
        with refused("InvalidDBClusterSnapshotStateFault"):
            aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=identifier)
        aurora.wait_for_cluster(spare)


class TestACopy:
    def test_holds_what_its_source_holds_after_that_is_gone(self, aurora: Aurora, shop: str) -> None:
        source = aurora.snapshot(shop, Tags=[{"Key": "a", "Value": "1"}])
        copy = aurora.new_id("copy")
        answer = aurora.rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=source, TargetDBClusterSnapshotIdentifier=copy, CopyTags=True
        )["DBClusterSnapshot"]
        assert answer["Status"] == "creating"
        aurora.wait_for_snapshot(copy)
        aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=source.rsplit(":", 1)[1])
        wait_until_gone(lambda: aurora.describe_snapshot(source))
        found = aurora.describe_snapshot(copy)
        assert found["SourceDBClusterSnapshotArn"] == source
        assert found["TagList"] == [{"Key": "a", "Value": "1"}]
        restored = aurora.restore(copy)
        with aurora.connect(restored, database="shop") as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1000,)

    def test_is_made_by_another_account_only_of_what_is_shared_with_it(
        self, aws: LocalAws, aurora: Aurora, shop: str
    ) -> None:
        other = Aurora(aws, account_id=OTHER_ACCOUNT)
        source = aurora.snapshot(shop)
        copy = {
            "SourceDBClusterSnapshotIdentifier": source,
            "TargetDBClusterSnapshotIdentifier": aurora.new_id(),
        }
        with refused("DBClusterSnapshotNotFoundFault"):
            other.rds.copy_db_cluster_snapshot(**copy)
        assert self._shared(other) == []
        aurora.rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=source, AttributeName="restore", ValuesToAdd=[OTHER_ACCOUNT]
        )
        assert self._shared(other) == [source]
        with refused("DBClusterSnapshotNotFoundFault"):
            other.describe_snapshot(source.rsplit(":", 1)[1])
        other.rds.copy_db_cluster_snapshot(**copy)
        other.wait_for_snapshot(copy["TargetDBClusterSnapshotIdentifier"])
        restored = other.restore(source)
        with other.connect(restored, database="shop") as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1000,)
        other.clean_up()
        aurora.rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=source, AttributeName="restore", ValuesToRemove=[OTHER_ACCOUNT]
        )
        assert self._shared(other) == []

    @staticmethod
    def _shared(aurora: Aurora) -> list[str]:
        answer = aurora.rds.describe_db_cluster_snapshots(SnapshotType="shared")
        return [found["DBClusterSnapshotArn"] for found in answer["DBClusterSnapshots"]]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"TargetDBClusterSnapshotIdentifier": "taken"}, "DBClusterSnapshotAlreadyExistsFault"),
            ({"SourceDBClusterSnapshotIdentifier": "nothing"}, "DBClusterSnapshotNotFoundFault"),
            ({"KmsKeyId": "00000000-0000-0000-0000-000000000000"}, "InvalidParameterCombination"),
        ],
    )
    def test_is_not_made_from_what_aws_refuses(
        self, aurora: Aurora, taken: str, changes: dict[str, Any], code: str
    ) -> None:
        asked = {
            "SourceDBClusterSnapshotIdentifier": taken,
            "TargetDBClusterSnapshotIdentifier": aurora.new_id(),
        }
        with refused(code):
            aurora.rds.copy_db_cluster_snapshot(**asked | changes)


def test_a_snapshot_under_the_default_key_is_not_shared_and_one_under_another_key_is(aurora: Aurora) -> None:
    key = aurora.client("kms").create_key()["KeyMetadata"]["Arn"]
    by_default = aurora.snapshot(aurora.create(with_instance=False, StorageEncrypted=True))
    by_key = aurora.new_id("copy")
    aurora.rds.copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier=by_default, TargetDBClusterSnapshotIdentifier=by_key, KmsKeyId=key
    )
    aurora.wait_for_snapshot(by_key)
    assert aurora.describe_snapshot(by_key)["KmsKeyId"] == key
    share = {"AttributeName": "restore", "ValuesToAdd": [OTHER_ACCOUNT]}
    with refused("InvalidDBClusterSnapshotStateFault"):
        aurora.rds.modify_db_cluster_snapshot_attribute(DBClusterSnapshotIdentifier=by_default, **share)
    with refused("InvalidDBClusterSnapshotStateFault"):  # what is encrypted is never public
        aurora.rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=by_key, AttributeName="restore", ValuesToAdd=["all"]
        )
    aurora.rds.modify_db_cluster_snapshot_attribute(DBClusterSnapshotIdentifier=by_key, **share)
    with refused("DBClusterSnapshotNotFoundFault"):  # whom it is shared with can't share it on
        Aurora(aurora.aws, account_id=OTHER_ACCOUNT).rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=aurora.describe_snapshot(by_key)["DBClusterSnapshotArn"], **share
        )
    answer = aurora.rds.describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier=by_key)
    (attribute,) = answer["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"]
    assert attribute == {"AttributeName": "restore", "AttributeValues": [OTHER_ACCOUNT]}


class TestAutomatedSnapshotsAndBackups:
    def test_are_there_as_soon_as_the_cluster_is(self, aurora: Aurora, spare: str) -> None:
        answer = aurora.rds.describe_db_cluster_snapshots(DBClusterIdentifier=spare, SnapshotType="automated")
        (found,) = answer["DBClusterSnapshots"]
        assert found["DBClusterSnapshotIdentifier"].startswith(f"rds:{spare}-")
        assert found["Status"] == "available"
        answer = aurora.rds.describe_db_cluster_automated_backups(DBClusterIdentifier=spare)
        (backup,) = answer["DBClusterAutomatedBackups"]
        assert backup["Status"] == "active"
        assert backup["DbClusterResourceId"] == aurora.describe_cluster(spare)["DbClusterResourceId"]

    def test_are_neither_deleted_nor_shared_by_hand(self, aurora: Aurora, spare: str) -> None:
        answer = aurora.rds.describe_db_cluster_snapshots(DBClusterIdentifier=spare, SnapshotType="automated")
        identifier = answer["DBClusterSnapshots"][0]["DBClusterSnapshotIdentifier"]
        with refused("InvalidDBClusterSnapshotStateFault"):
            aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=identifier)
        with refused("InvalidDBClusterSnapshotStateFault"):
            aurora.rds.modify_db_cluster_snapshot_attribute(
                DBClusterSnapshotIdentifier=identifier, AttributeName="restore", ValuesToAdd=[OTHER_ACCOUNT]
            )
        resource_id = aurora.describe_cluster(spare)["DbClusterResourceId"]
        with refused("InvalidDBClusterAutomatedBackupStateFault"):
            aurora.rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)

    def test_are_taken_daily_and_hold_the_data_of_their_time(self, aws: LocalAws, aurora: Aurora) -> None:
        cluster = aurora.create()
        with aurora.connect(cluster) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        identifier = aws.take_automated_snapshot(aurora.describe_cluster(cluster)["DBClusterArn"])
        assert identifier.startswith(f"rds:{cluster}-")
        aurora.wait_for_snapshot(identifier)
        aurora.wait_for_cluster(cluster)
        assert aurora.describe_snapshot(identifier)["SnapshotType"] == "automated"
        restored = aurora.restore(identifier)
        with aurora.connect(restored) as connection:
            assert connection.execute("SELECT n FROM t").fetchone() == (1,)

    def test_go_with_their_cluster_unless_they_are_to_be_kept(self, aurora: Aurora) -> None:
        goes, stays = (aurora.create(with_instance=False) for _ in range(2))
        resource_ids = [aurora.describe_cluster(cluster)["DbClusterResourceId"] for cluster in (goes, stays)]
        aurora.delete(goes)
        aurora.rds.delete_db_cluster(
            DBClusterIdentifier=stays, SkipFinalSnapshot=True, DeleteAutomatedBackups=False
        )
        wait_until_gone(lambda: aurora.describe_cluster(stays))
        with refused("DBClusterAutomatedBackupNotFoundFault"):
            aurora.rds.describe_db_cluster_automated_backups(DbClusterResourceId=resource_ids[0])
        answer = aurora.rds.describe_db_cluster_automated_backups(DbClusterResourceId=resource_ids[1])
        assert [backup["Status"] for backup in answer["DBClusterAutomatedBackups"]] == ["retained"]
        assert self._automated(aurora, goes) == []
        assert len(self._automated(aurora, stays)) == 1
        aurora.rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource_ids[1])
        assert self._automated(aurora, stays) == []

    def test_have_the_tags_that_are_specified_for_them(self, aurora: Aurora) -> None:
        tags = [{"Key": "team", "Value": "sales"}]
        cluster = aurora.begin(TagSpecifications=[{"ResourceType": "cluster-auto-backup", "Tags": tags}])
        answer = aurora.rds.describe_db_cluster_automated_backups(DBClusterIdentifier=cluster)
        (backup,) = answer["DBClusterAutomatedBackups"]
        assert backup["TagList"] == tags
        arn = backup["DBClusterAutomatedBackupsArn"]
        assert aurora.rds.list_tags_for_resource(ResourceName=arn)["TagList"] == tags

    @staticmethod
    def _automated(aurora: Aurora, cluster: str) -> list[str]:
        answer = aurora.rds.describe_db_cluster_snapshots(
            Filters=[
                {"Name": "db-cluster-id", "Values": [cluster]},
                {"Name": "snapshot-type", "Values": ["automated"]},
            ]
        )
        return [found["DBClusterSnapshotIdentifier"] for found in answer["DBClusterSnapshots"]]
