"""Instances make a cluster's endpoint answer, and are refused what belongs to the cluster."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from deployments.localaws import LocalAws
from tests.fix_localaws import SCALING, VISIBLE_STATUS_S, Aurora, refused, wait_until_gone


class TestAnInstance:
    def test_has_no_address_until_it_is_available(self, aws: LocalAws, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        aws.least_status_s = VISIBLE_STATUS_S
        answer = aurora.rds.create_db_instance(
            DBInstanceIdentifier=f"{cluster}-1",
            DBClusterIdentifier=cluster,
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
        )["DBInstance"]
        assert answer["DBInstanceStatus"] == "creating"
        assert "Endpoint" not in answer
        assert aurora.wait_for_instance(f"{cluster}-1") == ["creating", "available"]
        found = aurora.describe_instance(f"{cluster}-1")
        assert found["Endpoint"]["Port"] == aurora.describe_cluster(cluster)["Port"]

    def test_is_the_writer_if_it_is_the_first(self, aurora: Aurora) -> None:
        cluster = aurora.create()
        aurora.add_instance(cluster, DBInstanceIdentifier=f"{cluster}-2")
        members = aurora.describe_cluster(cluster)["DBClusterMembers"]
        assert {member["DBInstanceIdentifier"]: member["IsClusterWriter"] for member in members} == {
            f"{cluster}-1": True,
            f"{cluster}-2": False,
        }
        aurora.rds.delete_db_instance(DBInstanceIdentifier=f"{cluster}-1")
        wait_until_gone(lambda: aurora.describe_instance(f"{cluster}-1"))
        (left,) = aurora.describe_cluster(cluster)["DBClusterMembers"]
        assert left["IsClusterWriter"] is True
        aurora.connect(cluster).close()

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"DBInstanceIdentifier": "shop-1"}, "DBInstanceAlreadyExists"),
            ({"DBClusterIdentifier": "nothing"}, "DBClusterNotFoundFault"),
            ({"DBInstanceIdentifier": "a--b"}, "InvalidParameterValue"),
            ({"MasterUserPassword": "a-password"}, "InvalidParameterCombination"),
            ({"BackupRetentionPeriod": 3}, "InvalidParameterCombination"),
            ({"Engine": "postgres"}, "InvalidParameterValue"),
        ],
    )
    def test_is_not_made_from_what_aws_refuses(
        self, aurora: Aurora, shop: str, changes: dict[str, Any], code: str
    ) -> None:
        asked = {
            "DBInstanceIdentifier": aurora.new_id(),
            "DBClusterIdentifier": shop,
            "DBInstanceClass": "db.serverless",
            "Engine": "aurora-postgresql",
        }
        with refused(code):
            aurora.rds.create_db_instance(**asked | changes)

    def test_is_serverless_only_in_a_cluster_with_a_scaling_configuration(self, aurora: Aurora) -> None:
        identifier = aurora.new_id()
        aurora.rds.create_db_cluster(
            DBClusterIdentifier=identifier,
            Engine="aurora-postgresql",
            MasterUsername="shopkeeper",
            MasterUserPassword="first-password",
        )
        aurora.clusters.append(identifier)
        aurora.wait_for_cluster(identifier)
        with refused("InvalidParameterCombination"):
            aurora.add_instance(identifier)
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=identifier, ServerlessV2ScalingConfiguration=SCALING, ApplyImmediately=True
        )
        aurora.wait_for_cluster(identifier)
        aurora.add_instance(identifier)

    def test_is_private_unless_its_subnet_groups_vpc_has_an_internet_gateway(
        self, aurora: Aurora, shop: str
    ) -> None:
        ec2 = aurora.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")
            for n, zone in enumerate("ab")
        ]
        group = aurora.new_id("subnets")
        aurora.rds.create_db_subnet_group(
            DBSubnetGroupName=group,
            DBSubnetGroupDescription="two of them",
            SubnetIds=[subnet["Subnet"]["SubnetId"] for subnet in subnets],
        )
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        foreign = ec2.create_security_group(GroupName=aurora.new_id(), Description="of the default VPC")[
            "GroupId"
        ]
        with refused("InvalidVPCNetworkStateFault"):
            aurora.begin(DBSubnetGroupName=group, VpcSecurityGroupIds=[foreign])
        own = ec2.create_security_group(GroupName=aurora.new_id(), Description="its own", VpcId=vpc)[
            "GroupId"
        ]
        cluster = aurora.create(with_instance=False, DBSubnetGroupName=group, VpcSecurityGroupIds=[own])
        found = aurora.describe_cluster(cluster)
        assert found["DBSubnetGroup"] == group
        assert [sg["VpcSecurityGroupId"] for sg in found["VpcSecurityGroups"]] == [own]
        aurora.add_instance(cluster)
        aurora.add_instance(cluster, DBInstanceIdentifier=f"{cluster}-2", PubliclyAccessible=False)
        assert aurora.describe_instance(f"{cluster}-1")["PubliclyAccessible"] is True
        assert aurora.describe_instance(f"{cluster}-2")["PubliclyAccessible"] is False
        assert aurora.describe_instance(f"{shop}-1")["PubliclyAccessible"] is False
        assert aurora.describe_instance(f"{cluster}-1")["DBSubnetGroup"]["VpcId"] == vpc

    def test_says_which_options_it_was_made_with(self, aurora: Aurora) -> None:
        cluster = aurora.create(with_instance=False)
        aurora.add_instance(
            cluster,
            EnablePerformanceInsights=True,
            PerformanceInsightsRetentionPeriod=7,
            AutoMinorVersionUpgrade=False,
            PromotionTier=3,
            Tags=[{"Key": "team", "Value": "sales"}],
        )
        found = aurora.describe_instance(f"{cluster}-1")
        assert found["PerformanceInsightsEnabled"] is True
        assert found["PerformanceInsightsRetentionPeriod"] == 7
        assert found["AutoMinorVersionUpgrade"] is False
        assert found["PromotionTier"] == 3
        assert found["TagList"] == [{"Key": "team", "Value": "sales"}]
        assert found["DBInstanceClass"] == "db.serverless"
        aurora.rds.modify_db_instance(
            DBInstanceIdentifier=f"{cluster}-1", EnablePerformanceInsights=False, ApplyImmediately=True
        )
        aurora.wait_for_instance(f"{cluster}-1")
        assert aurora.describe_instance(f"{cluster}-1")["PerformanceInsightsEnabled"] is False

    def test_that_is_the_last_takes_the_server_with_it_and_not_the_data(self, aurora: Aurora) -> None:
        cluster = aurora.create()
        with aurora.connect(cluster) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        aurora.rds.delete_db_instance(DBInstanceIdentifier=f"{cluster}-1")
        with refused("InvalidDBInstanceState"):
            aurora.rds.delete_db_instance(DBInstanceIdentifier=f"{cluster}-1")
        assert wait_until_gone(lambda: aurora.describe_instance(f"{cluster}-1")) == "DBInstanceNotFound"
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            aurora.connect(cluster)
        aurora.add_instance(cluster)
        with aurora.connect(cluster) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)

    def test_is_found_by_its_cluster(self, aurora: Aurora, shop: str) -> None:
        answer = aurora.rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": [shop]}])
        assert [found["DBInstanceIdentifier"] for found in answer["DBInstances"]] == [f"{shop}-1"]
