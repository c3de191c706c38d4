"""Clusters change their status over time, and refuse what AWS refuses."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest

from deployments.localaws import LocalAws
from tests.fix_localaws import (
    LEAST_STATUS_S,
    MASTER,
    PASSWORD,
    SCALING,
    VISIBLE_STATUS_S,
    Aurora,
    refused,
    wait_until,
    wait_until_gone,
)


def asked(aurora: Aurora, **changes: Any) -> dict[str, Any]:
    """The parameters of a CreateDBCluster call."""
    return {
        "DBClusterIdentifier": aurora.new_id(),
        "Engine": "aurora-postgresql",
        "MasterUsername": MASTER,
        "MasterUserPassword": PASSWORD,
    } | changes


def can_log_in(aurora: Aurora, cluster: str, password: str) -> bool:
    try:
        aurora.connect(cluster, password).close()
    except psycopg.OperationalError:
        return False
    return True


class TestACluster:
    def test_is_creating_before_it_is_available(self, aws: LocalAws, aurora: Aurora) -> None:
        aws.least_status_s = VISIBLE_STATUS_S
        parameters = asked(aurora)
        cluster = parameters["DBClusterIdentifier"]
        answer = aurora.rds.create_db_cluster(**parameters)["DBCluster"]
        aurora.clusters.append(cluster)
        assert answer["Status"] == "creating"
        assert aurora.wait_for_cluster(cluster) == ["creating", "available"]

    def test_has_an_endpoint_on_which_nothing_listens_until_it_has_an_instance(self, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        assert aurora.describe_cluster(cluster)["Endpoint"]
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            aurora.connect(cluster)
        aurora.add_instance(cluster)
        with aurora.connect(cluster) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (MASTER,)

    def test_is_reached_by_its_own_port_and_no_other_clusters(
        self, aurora: Aurora, shop: str, spare: str
    ) -> None:
        assert aurora.describe_cluster(spare)["Port"] != aurora.describe_cluster(shop)["Port"]

    def test_keeps_its_password_in_no_description(self, aurora: Aurora, shop: str) -> None:
        assert PASSWORD not in str(aurora.describe_cluster(shop))

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"DBClusterIdentifier": "shop"}, "DBClusterAlreadyExistsFault"),
            ({"DBClusterIdentifier": "SHOP"}, "DBClusterAlreadyExistsFault"),
            ({"DBClusterIdentifier": "a--b"}, "InvalidParameterValue"),
            ({"DBClusterIdentifier": "ends-"}, "InvalidParameterValue"),
            ({"DBClusterIdentifier": "1st"}, "InvalidParameterValue"),
            ({"DBClusterIdentifier": "x" * 64}, "InvalidParameterValue"),
            ({"MasterUserPassword": "short"}, "InvalidParameterValue"),
            ({"MasterUserPassword": "with/slash-in-it"}, "InvalidParameterValue"),
            ({"MasterUserPassword": "x" * 42}, "InvalidParameterValue"),
            ({"MasterUsername": "rdsadmin"}, "InvalidParameterValue"),
            ({"EngineVersion": "99.9"}, "InvalidParameterCombination"),
            ({"Engine": "aurora-mysql"}, "InvalidParameterValue"),
            ({"DBSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
            ({"DBClusterParameterGroupName": "nothing"}, "DBClusterParameterGroupNotFound"),
            ({"VpcSecurityGroupIds": ["sg-00000000"]}, "InvalidParameterValue"),
            ({"KmsKeyId": "00000000-0000-0000-0000-000000000000"}, "KMSKeyNotAccessibleFault"),
            ({"BackupRetentionPeriod": 0}, "InvalidParameterValue"),
            (
                {"ServerlessV2ScalingConfiguration": {"MinCapacity": 4, "MaxCapacity": 2}},
                "InvalidParameterValue",
            ),
            ({"ManageMasterUserPassword": True}, "InvalidParameterCombination"),
        ],
    )
    def test_is_not_made_from_what_aws_refuses(
        self, aurora: Aurora, shop: str, changes: dict[str, Any], code: str
    ) -> None:
        def ids() -> set[str]:
            return {
                cluster["DbClusterResourceId"] for cluster in aurora.rds.describe_db_clusters()["DBClusters"]
            }

        before = ids()
        with refused(code):
            aurora.rds.create_db_cluster(**asked(aurora, **changes))
        assert ids() <= before

    def test_can_be_made_again_under_its_name_right_after_it_was_deleted(self, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        first = aurora.describe_cluster(cluster)["DbClusterResourceId"]
        aurora.delete(cluster)
        aurora.create(DBClusterIdentifier=cluster, with_instance=False)
        assert aurora.describe_cluster(cluster)["DbClusterResourceId"] != first

    def test_is_found_by_arn_and_by_filter(self, aurora: Aurora, shop: str) -> None:
        found = aurora.describe_cluster(shop)
        assert (
            aurora.describe_cluster(found["DBClusterArn"])
            == found
            | {"LatestRestorableTime": aurora.describe_cluster(found["DBClusterArn"])["LatestRestorableTime"]}
            or aurora.describe_cluster(found["DBClusterArn"])["DBClusterArn"] == found["DBClusterArn"]
        )
        for name, value in (
            ("db-cluster-id", shop),
            ("db-cluster-id", found["DBClusterArn"]),
            ("db-cluster-resource-id", found["DbClusterResourceId"]),
            ("clone-group-id", found["CloneGroupId"]),
        ):
            answer = aurora.rds.describe_db_clusters(Filters=[{"Name": name, "Values": [value]}])
            assert [cluster["DBClusterIdentifier"] for cluster in answer["DBClusters"]] == [shop]
        with refused("InvalidParameterValue"):
            aurora.rds.describe_db_clusters(Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_is_encrypted_by_the_key_that_is_named(self, aurora: Aurora) -> None:
        key = aurora.client("kms").create_key()["KeyMetadata"]
        cluster = aurora.begin(KmsKeyId=key["KeyId"], StorageEncrypted=True)
        found = aurora.describe_cluster(cluster)
        assert (found["StorageEncrypted"], found["KmsKeyId"]) == (True, key["Arn"])
        aurora.client("kms").disable_key(KeyId=key["KeyId"])
        with refused("KMSKeyNotAccessibleFault"):
            aurora.rds.create_db_cluster(**asked(aurora, KmsKeyId=key["KeyId"]))

    def test_whose_seconds_until_auto_pause_are_told_only_if_it_can_pause(self, aurora: Aurora) -> None:
        never = aurora.begin()
        pauses = aurora.begin(
            ServerlessV2ScalingConfiguration={
                "MinCapacity": 0,
                "MaxCapacity": 1,
                "SecondsUntilAutoPause": 600,
            }
        )
        assert aurora.describe_cluster(never)["ServerlessV2ScalingConfiguration"] == SCALING
        assert aurora.describe_cluster(pauses)["ServerlessV2ScalingConfiguration"] == {
            "MinCapacity": 0.0,
            "MaxCapacity": 1.0,
            "SecondsUntilAutoPause": 600,
        }


class TestAMasterPassword:
    def test_is_still_the_old_one_when_modify_has_answered_and_the_status_is_available(
        self, aws: LocalAws, aurora: Aurora
    ) -> None:
        cluster = aurora.create()
        aws.least_status_s = VISIBLE_STATUS_S
        answer = aurora.rds.modify_db_cluster(
            DBClusterIdentifier=cluster, MasterUserPassword="second-password", ApplyImmediately=True
        )["DBCluster"]
        assert answer["Status"] == "available"
        assert answer["PendingModifiedValues"] == {"MasterUserPassword": "****"}
        assert aurora.describe_cluster(cluster)["Status"] == "available"
        assert can_log_in(aurora, cluster, PASSWORD)
        assert not can_log_in(aurora, cluster, "second-password")

        seen = aurora.wait_for_cluster(cluster, "resetting-master-credentials")
        seen += aurora.wait_for_cluster(cluster)
        assert seen == [
            "available",
            "resetting-master-credentials",
            "resetting-master-credentials",
            "available",
        ]
        assert can_log_in(aurora, cluster, "second-password")
        assert not can_log_in(aurora, cluster, PASSWORD)
        assert "PendingModifiedValues" not in aurora.describe_cluster(cluster)

    def test_can_be_changed_before_there_is_an_instance(self, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        aurora.rds.modify_db_cluster(DBClusterIdentifier=cluster, MasterUserPassword="second-password")
        wait_until(lambda: "PendingModifiedValues" not in aurora.describe_cluster(cluster))
        aurora.add_instance(cluster)
        assert can_log_in(aurora, cluster, "second-password")

    def test_that_is_bad_is_refused_and_the_cluster_is_what_it_was(self, aurora: Aurora, shop: str) -> None:
        with refused("InvalidParameterValue"):
            aurora.rds.modify_db_cluster(DBClusterIdentifier=shop, MasterUserPassword="short")
        assert aurora.describe_cluster(shop)["Status"] == "available"
        assert can_log_in(aurora, shop, PASSWORD)

    def test_that_rds_manages_is_in_its_secret_rotated_on_demand_and_gone_with_its_cluster(
        self, aurora: Aurora
    ) -> None:
        manager = aurora.client("secretsmanager")
        cluster = aurora.create(ManageMasterUserPassword=True)
        secret = aurora.describe_cluster(cluster)["MasterUserSecret"]
        arn = secret["SecretArn"]
        assert secret["SecretStatus"] == "active"
        content = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
        assert content["username"] == MASTER
        before = content["password"]
        assert len(set(before)) > 10
        assert can_log_in(aurora, cluster, before)
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=cluster, RotateMasterUserPassword=True, ApplyImmediately=True
        )
        after = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])["password"]
        assert after != before
        wait_until(lambda: can_log_in(aurora, cluster, after))
        aurora.wait_for_cluster(cluster)
        aurora.delete(cluster)
        with refused("ResourceNotFoundException"):
            manager.get_secret_value(SecretId=arn)


class TestModifying:
    def test_shows_as_a_status_and_then_in_the_description(
        self, aws: LocalAws, aurora: Aurora, spare: str
    ) -> None:
        cluster = spare
        aws.least_status_s = VISIBLE_STATUS_S
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=cluster,
            BackupRetentionPeriod=7,
            DeletionProtection=True,
            CopyTagsToSnapshot=True,
            CloudwatchLogsExportConfiguration={"EnableLogTypes": ["postgresql"]},
            ApplyImmediately=True,
        )
        assert aurora.wait_for_cluster(cluster) == ["modifying", "available"]
        found = aurora.describe_cluster(cluster)
        assert found["BackupRetentionPeriod"] == 7
        assert found["DeletionProtection"] is True
        assert found["CopyTagsToSnapshot"] is True
        assert found["EnabledCloudwatchLogsExports"] == ["postgresql"]
        with refused("InvalidParameterCombination"):
            aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        aws.least_status_s = LEAST_STATUS_S
        aurora.rds.modify_db_cluster(DBClusterIdentifier=cluster, DeletionProtection=False)
        aurora.wait_for_cluster(cluster)

    def test_a_missing_cluster_is_an_error_of_its_own(self, aurora: Aurora) -> None:
        with refused("DBClusterNotFoundFault"):
            aurora.rds.modify_db_cluster(DBClusterIdentifier="nothing", BackupRetentionPeriod=7)

    def test_renames_to_a_free_name_only(self, aurora: Aurora, shop: str) -> None:
        cluster = aurora.create(with_instance=False)
        renamed = aurora.new_id()
        with refused("DBClusterAlreadyExistsFault"):
            aurora.rds.modify_db_cluster(DBClusterIdentifier=cluster, NewDBClusterIdentifier=shop)
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=cluster, NewDBClusterIdentifier=renamed, ApplyImmediately=True
        )
        aurora.clusters.append(renamed)
        aurora.wait_for_cluster(renamed)
        with refused("DBClusterNotFoundFault"):
            aurora.describe_cluster(cluster)

    def test_the_data_api_is_by_calls_of_its_own(self, aurora: Aurora, spare: str) -> None:
        cluster, arn = spare, aurora.describe_cluster(spare)["DBClusterArn"]
        assert aurora.describe_cluster(cluster)["HttpEndpointEnabled"] is False
        aurora.rds.enable_http_endpoint(ResourceArn=arn)
        assert aurora.describe_cluster(cluster)["HttpEndpointEnabled"] is True
        aurora.rds.disable_http_endpoint(ResourceArn=arn)
        assert aurora.describe_cluster(cluster)["HttpEndpointEnabled"] is False

    def test_roles_come_and_go(self, aurora: Aurora, spare: str) -> None:
        cluster = spare
        role = f"arn:aws:iam::{aurora.account_id}:role/export"
        aurora.rds.add_role_to_db_cluster(DBClusterIdentifier=cluster, RoleArn=role, FeatureName="s3Export")
        assert aurora.describe_cluster(cluster)["AssociatedRoles"] == [
            {"RoleArn": role, "Status": "ACTIVE", "FeatureName": "s3Export"}
        ]
        aurora.rds.remove_role_from_db_cluster(DBClusterIdentifier=cluster, RoleArn=role)
        assert aurora.describe_cluster(cluster)["AssociatedRoles"] == []


class TestABusyCluster:
    def test_is_left_alone_while_it_is_creating(self, aws: LocalAws, aurora: Aurora) -> None:
        aws.least_status_s = VISIBLE_STATUS_S
        cluster = aurora.begin()
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.create_db_cluster_snapshot(
                DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=aurora.new_id()
            )
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.modify_db_cluster(DBClusterIdentifier=cluster, BackupRetentionPeriod=7)
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.create_db_instance(
                DBInstanceIdentifier=aurora.new_id(),
                DBClusterIdentifier=cluster,
                DBInstanceClass="db.serverless",
                Engine="aurora-postgresql",
            )

    def test_is_left_alone_while_it_is_backing_up(self, aws: LocalAws, aurora: Aurora, spare: str) -> None:
        aws.least_status_s = VISIBLE_STATUS_S
        cluster = spare
        aurora.rds.create_db_cluster_snapshot(
            DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=aurora.new_id()
        )
        assert aurora.describe_cluster(cluster)["Status"] == "backing-up"
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.create_db_cluster_snapshot(
                DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=aurora.new_id()
            )
        assert aurora.wait_for_cluster(cluster) == ["backing-up", "available"]

    def test_is_left_alone_while_it_is_deleting(self, aws: LocalAws, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        aws.least_status_s = VISIBLE_STATUS_S
        aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        with refused("DBClusterAlreadyExistsFault"):
            aurora.rds.create_db_cluster(**asked(aurora, DBClusterIdentifier=cluster))


class TestDeleting:
    def test_says_what_becomes_of_the_data(self, aurora: Aurora, spare: str) -> None:
        cluster = spare
        with refused("InvalidParameterCombination"):
            aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster)
        with refused("InvalidParameterCombination"):
            aurora.rds.delete_db_cluster(
                DBClusterIdentifier=cluster, SkipFinalSnapshot=True, FinalDBSnapshotIdentifier="final"
            )
        assert aurora.describe_cluster(cluster)["Status"] == "available"

    def test_may_leave_a_final_snapshot(self, aurora: Aurora) -> None:
        cluster, final = aurora.create(with_instance=False), aurora.new_id("final")
        aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=final)
        assert wait_until_gone(lambda: aurora.describe_cluster(cluster)) == "DBClusterNotFoundFault"
        assert aurora.describe_snapshot(final)["Status"] == "available"
        aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=final)

    def test_wants_the_instances_to_be_deleting_and_leaves_nobody_behind_the_endpoint(
        self, aurora: Aurora
    ) -> None:
        cluster = aurora.create()
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        login = aurora.login(cluster)
        aurora.rds.delete_db_instance(DBInstanceIdentifier=f"{cluster}-1")
        answer = aurora.rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
        assert answer["DBCluster"]["Status"] == "deleting"
        wait_until_gone(lambda: aurora.describe_cluster(cluster))
        with refused("DBInstanceNotFound"):
            aurora.describe_instance(f"{cluster}-1")
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(**login.connect_parameters("postgres"))  # type: ignore[arg-type]

    def test_can_be_made_slow(self, aws: LocalAws, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        aws.faults.slow_delete(1.2)
        began = time.monotonic()
        aurora.delete(cluster)
        assert time.monotonic() - began >= 1.2


def test_a_stopped_cluster_is_reached_again_after_a_start(aws: LocalAws, aurora: Aurora) -> None:
    cluster = aurora.create()
    aws.least_status_s = VISIBLE_STATUS_S
    aurora.rds.stop_db_cluster(DBClusterIdentifier=cluster)
    assert aurora.wait_for_cluster(cluster, "stopped") == ["stopping", "stopped"]
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        aurora.connect(cluster)
    with refused("InvalidDBClusterStateFault"):
        aurora.rds.stop_db_cluster(DBClusterIdentifier=cluster)
    aurora.rds.start_db_cluster(DBClusterIdentifier=cluster)
    assert aurora.wait_for_cluster(cluster) == ["starting", "available"]
    assert can_log_in(aurora, cluster, PASSWORD)
