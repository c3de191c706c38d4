"""Restores: from snapshots, to a point in time, as a clone; and what a restored cluster takes from whom."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployments.localaws import LocalAws
from tests.fix_localaws import SCALING, VISIBLE_STATUS_S, Aurora, refused, wait_until_gone


@pytest.fixture(scope="module")
def snapshot(local_aws: LocalAws, shop: str) -> str:
    return Aurora(local_aws).snapshot(shop)


class TestARestoredCluster:
    def test_holds_the_snapshots_data_and_lets_in_its_old_password(
        self, aws: LocalAws, aurora: Aurora, snapshot: str
    ) -> None:
        aws.least_status_s = VISIBLE_STATUS_S
        identifier = aurora.new_id()
        answer = aurora.rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=identifier,
            SnapshotIdentifier=snapshot,
            Engine="aurora-postgresql",
            ServerlessV2ScalingConfiguration=SCALING,
        )["DBCluster"]
        aurora.clusters.append(identifier)
        assert answer["Status"] == "creating"
        assert aurora.wait_for_cluster(identifier) == ["creating", "available"]
        aurora.add_instance(identifier)
        with aurora.connect(identifier, database="shop") as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1000,)

    def test_is_restored_by_name_as_by_arn(self, aurora: Aurora, snapshot: str) -> None:
        restored = aurora.restore(snapshot.rsplit(":", 1)[1], with_instance=False)
        assert aurora.describe_cluster(restored)["MasterUsername"] == "shopkeeper"

    def test_takes_defaults_for_what_is_not_named_and_not_the_sources_values(self, aurora: Aurora) -> None:
        key = aurora.client("kms").create_key()["KeyMetadata"]["Arn"]
        source = aurora.create(
            with_instance=False,
            KmsKeyId=key,
            StorageEncrypted=True,
            BackupRetentionPeriod=9,
            EnableCloudwatchLogsExports=["postgresql"],
            EnableIAMDatabaseAuthentication=True,
            EnableHttpEndpoint=True,
            EnablePerformanceInsights=True,
            CopyTagsToSnapshot=True,
            Tags=[{"Key": "of", "Value": "the source"}],
        )
        found = aurora.describe_cluster(source)
        assert found["EnabledCloudwatchLogsExports"] == ["postgresql"]
        assert found["IAMDatabaseAuthenticationEnabled"] is True
        assert found["HttpEndpointEnabled"] is True
        assert found["PerformanceInsightsEnabled"] is True
        assert found["BackupRetentionPeriod"] == 9
        arn = aurora.snapshot(source)
        restored = aurora.describe_cluster(aurora.restore(arn, with_instance=False))
        assert restored["EnabledCloudwatchLogsExports"] == []
        assert restored["IAMDatabaseAuthenticationEnabled"] is False
        assert restored["HttpEndpointEnabled"] is False
        assert restored["PerformanceInsightsEnabled"] is False
        assert restored["AssociatedRoles"] == []
        assert restored["TagList"] == []
        assert restored["DeletionProtection"] is False
        assert restored["DBClusterParameterGroup"].startswith("default.aurora-postgresql")
        assert restored["InternetAccessGatewayEnabled"] is False
        # These two it does take from the snapshot, as AWS does.
        assert restored["BackupRetentionPeriod"] == 9
        assert (restored["StorageEncrypted"], restored["KmsKeyId"]) == (True, key)

    def test_says_truly_what_was_asked_for(self, aurora: Aurora, snapshot: str) -> None:
        key = aurora.client("kms").create_key()["KeyMetadata"]["Arn"]
        group = aurora.client("ec2").create_security_group(GroupName=aurora.new_id(), Description="clones")[
            "GroupId"
        ]
        family = aurora.describe_cluster("shop")["DBClusterParameterGroup"].removeprefix("default.")
        parameters = aurora.new_id("parameters")
        aurora.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=parameters, DBParameterGroupFamily=family, Description="clones"
        )
        tags = [{"Key": "refresh:env", "Value": "staging"}]
        role = f"arn:aws:iam::{aurora.account_id}:role/export"
        scaling = {"MinCapacity": 0.0, "MaxCapacity": 4.0, "SecondsUntilAutoPause": 900}
        restored = aurora.restore(
            snapshot,
            with_instance=False,
            KmsKeyId=key,
            VpcSecurityGroupIds=[group],
            DBClusterParameterGroupName=parameters,
            BackupRetentionPeriod=1,
            Tags=tags,
            DeletionProtection=False,
            CopyTagsToSnapshot=True,
            EnableCloudwatchLogsExports=["postgresql"],
            AssociatedRoles=[{"RoleArn": role, "FeatureName": "s3Export"}],
            ServerlessV2ScalingConfiguration=scaling,
            DBSubnetGroupName="default",
        )
        found = aurora.describe_cluster(restored)
        assert (found["StorageEncrypted"], found["KmsKeyId"]) == (True, key)
        assert [sg["VpcSecurityGroupId"] for sg in found["VpcSecurityGroups"]] == [group]
        assert found["DBClusterParameterGroup"] == parameters
        assert found["BackupRetentionPeriod"] == 1
        assert found["TagList"] == tags
        assert found["CopyTagsToSnapshot"] is True
        assert found["EnabledCloudwatchLogsExports"] == ["postgresql"]
        assert [given["RoleArn"] for given in found["AssociatedRoles"]] == [role]
        assert found["ServerlessV2ScalingConfiguration"] == scaling
        with refused("InvalidDBParameterGroupState"):
            aurora.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=parameters)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"DBClusterIdentifier": "shop"}, "DBClusterAlreadyExistsFault"),
            ({"SnapshotIdentifier": "nothing"}, "DBClusterSnapshotNotFoundFault"),
            (
                {"SnapshotIdentifier": "arn:aws:rds:eu-west-1:999999999999:cluster-snapshot:x"},
                "DBClusterSnapshotNotFoundFault",
            ),
            ({"KmsKeyId": "alias/nothing"}, "KMSKeyNotAccessibleFault"),
            ({"DBSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
            ({"VpcSecurityGroupIds": ["sg-00000000"]}, "InvalidParameterValue"),
            ({"DBClusterParameterGroupName": "nothing"}, "DBClusterParameterGroupNotFound"),
            ({"EngineVersion": "99.9"}, "InvalidParameterCombination"),
            ({"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
            ({"EnableInternetAccessGateway": True}, "InvalidParameterCombination"),
        ],
    )
    def test_is_not_made_from_what_aws_refuses(
        self, aurora: Aurora, snapshot: str, changes: dict[str, Any], code: str
    ) -> None:
        asked = {
            "DBClusterIdentifier": aurora.new_id(),
            "SnapshotIdentifier": snapshot,
            "Engine": "aurora-postgresql",
        }
        with refused(code):
            aurora.rds.restore_db_cluster_from_snapshot(**asked | changes)

    def test_can_be_snapshotted_before_it_has_ever_run(self, aurora: Aurora, snapshot: str) -> None:
        again = aurora.restore(aurora.snapshot(aurora.restore(snapshot, with_instance=False)))
        with aurora.connect(again, database="shop") as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1000,)


class TestAPointInTimeRestore:
    def restore(self, aurora: Aurora, **asked: Any) -> str:
        identifier = aurora.new_id("point")
        aurora.rds.restore_db_cluster_to_point_in_time(
            DBClusterIdentifier=identifier, ServerlessV2ScalingConfiguration=SCALING, **asked
        )
        aurora.clusters.append(identifier)
        aurora.wait_for_cluster(identifier)
        aurora.add_instance(identifier)
        return identifier

    def test_as_a_copy_on_write_clone_holds_what_the_source_holds_now(
        self, aurora: Aurora, shop: str
    ) -> None:
        clone = self.restore(
            aurora,
            SourceDBClusterIdentifier=shop,
            RestoreType="copy-on-write",
            UseLatestRestorableTime=True,
        )
        with aurora.connect(clone, database="shop") as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1000,)
            connection.execute("DELETE FROM orders")
        with aurora.connect(shop, database="shop") as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1000,)
        found = aurora.describe_cluster(clone)
        assert found["CloneGroupId"] == aurora.describe_cluster(shop)["CloneGroupId"]

    def test_to_a_time_holds_what_the_source_held_then_also_after_it_was_deleted(
        self, aurora: Aurora
    ) -> None:
        cluster = aurora.create()
        with aurora.connect(cluster) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS n")
            time.sleep(0.05)
            moment = datetime.now(UTC)
            time.sleep(1.05)  # the API's times are whole seconds
            at = (moment + timedelta(seconds=1)).replace(microsecond=0)
            connection.execute("INSERT INTO t VALUES (2)")
        then = self.restore(aurora, SourceDBClusterIdentifier=cluster, RestoreToTime=at)
        with aurora.connect(then) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
            connection.execute("INSERT INTO t VALUES (3)")  # it isn't read-only

        resource_id = aurora.describe_cluster(cluster)["DbClusterResourceId"]
        aurora.rds.delete_db_instance(DBInstanceIdentifier=f"{cluster}-1")
        aurora.rds.delete_db_cluster(
            DBClusterIdentifier=cluster, SkipFinalSnapshot=True, DeleteAutomatedBackups=False
        )
        wait_until_gone(lambda: aurora.describe_cluster(cluster))
        again = self.restore(aurora, SourceDbClusterResourceId=resource_id, RestoreToTime=at)
        with aurora.connect(again) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
        aurora.rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({}, "InvalidParameterCombination"),
            (
                {"UseLatestRestorableTime": True, "RestoreToTime": datetime(2020, 1, 1, tzinfo=UTC)},
                "InvalidParameterCombination",
            ),
            (
                {"RestoreType": "copy-on-write", "RestoreToTime": datetime(2020, 1, 1, tzinfo=UTC)},
                "InvalidParameterCombination",
            ),
            ({"RestoreToTime": datetime(2020, 1, 1, tzinfo=UTC)}, "InvalidRestoreFault"),
            ({"RestoreType": "half-copy", "UseLatestRestorableTime": True}, "InvalidParameterValue"),
            (
                {"SourceDBClusterIdentifier": "nothing", "UseLatestRestorableTime": True},
                "DBClusterNotFoundFault",
            ),
            ({"DBClusterIdentifier": "shop", "UseLatestRestorableTime": True}, "DBClusterAlreadyExistsFault"),
        ],
    )
    def test_is_not_made_from_what_aws_refuses(
        self, aurora: Aurora, shop: str, asked: dict[str, Any], code: str
    ) -> None:
        with refused(code):
            aurora.rds.restore_db_cluster_to_point_in_time(
                **{"DBClusterIdentifier": aurora.new_id(), "SourceDBClusterIdentifier": shop} | asked
            )
