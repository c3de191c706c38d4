"""Calls are logged without secrets, refused as a test wants, and named as AWS names its errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config

from deployments.localaws import LocalAws
from deployments.localaws.errors import fault
from deployments.localaws.faults import Faults
from tests.fix_localaws import ACCOUNT, Aurora, refused


class TestTheCallLog:
    def test_says_who_called_what_on_which_resource(self, aws: LocalAws, aurora: Aurora, shop: str) -> None:
        began = datetime.now(UTC)
        aurora.describe_cluster(shop)
        (call,) = aws.calls.select(since=began, names=shop)
        assert (call.account, call.region, call.service) == (ACCOUNT, "eu-west-1", "rds")
        assert (call.action, call.status) == ("DescribeDBClusters", 200)
        assert call.parameters == {"DBClusterIdentifier": shop}
        assert began <= call.time <= datetime.now(UTC)

    def test_finds_a_resource_by_its_arn_and_not_by_a_part_of_its_name(
        self, aws: LocalAws, aurora: Aurora, shop: str
    ) -> None:
        began = datetime.now(UTC)
        arn = aurora.describe_cluster(shop)["DBClusterArn"]
        aurora.rds.list_tags_for_resource(ResourceName=arn)
        assert len(aws.calls.select(since=began, names=shop)) == 2
        assert aws.calls.select(since=began, names=shop[:-1]) == []

    def test_names_the_operations_of_s3(self, aws: LocalAws, aurora: Aurora) -> None:
        began = datetime.now(UTC)
        s3, bucket = aurora.client("s3"), aurora.new_id("bucket")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket=bucket, Key="a/b", Body=b"x")
        s3.get_object(Bucket=bucket, Key="a/b")
        s3.list_objects_v2(Bucket=bucket, Prefix="a/")
        upload = s3.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"y")
        s3.list_multipart_uploads(Bucket=bucket)
        s3.complete_multipart_upload(
            Bucket=bucket,
            Key="c",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "c"}]})
        s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        )
        s3.get_bucket_location(Bucket=bucket)
        assert [call.action for call in aws.calls.select(since=began, service="s3", names=bucket)] == [
            "CreateBucket", "PutObject", "GetObject", "ListObjectsV2", "CreateMultipartUpload", "UploadPart",
            "ListMultipartUploads", "CompleteMultipartUpload", "DeleteObjects", "PutBucketEncryption",
            "GetBucketLocation",
        ]  # fmt: skip

    def test_holds_no_secret_neither_in_memory_nor_in_its_file(
        self, aws: LocalAws, aurora: Aurora, shop: str
    ) -> None:
        canary = "canary-4c7f0a1e"
        manager = aurora.client("secretsmanager")
        secret = manager.create_secret(Name=aurora.new_id(), SecretString=json.dumps({"password": canary}))[
            "ARN"
        ]
        manager.put_secret_value(SecretId=secret, SecretBinary=canary.encode())
        manager.update_secret(SecretId=secret, SecretString=canary)
        key = aurora.client("kms").create_key()["KeyMetadata"]["KeyId"]
        aurora.client("kms").encrypt(KeyId=key, Plaintext=canary.encode())
        cluster = aurora.begin(MasterUserPassword=canary)
        with refused("DBClusterNotFoundFault"):
            aurora.rds.modify_db_cluster(DBClusterIdentifier="nothing", MasterUserPassword=canary)
        assert aws.calls.select(names=cluster)
        logged = str(list(aws.calls)) + aws.ca_bundle.with_name("calls.jsonl").read_text() + aws.log
        assert secret in logged
        assert canary not in logged

    def test_is_kept_as_lines_of_json(self, aws: LocalAws, aurora: Aurora, shop: str) -> None:
        aurora.describe_cluster(shop)
        path: Path = aws.ca_bundle.with_name("calls.jsonl")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(lines) == len(aws.calls)
        assert lines[-1]["action"] == "DescribeDBClusters"


class TestASwitchedFault:
    def test_throttles_as_often_as_asked_and_botocore_gets_through(
        self, aws: LocalAws, aurora: Aurora, shop: str
    ) -> None:
        began = datetime.now(UTC)
        aws.faults.throttle("DescribeDBClusters", times=2)
        assert aurora.describe_cluster(shop)["DBClusterIdentifier"] == shop
        assert [call.status for call in aws.calls.select(since=began, names=shop)] == [400, 400, 200]

    def test_throttles_until_botocore_gives_up(self, aws: LocalAws, aurora: Aurora) -> None:
        client = boto3.client(
            "rds",
            endpoint_url=aws.endpoint_url,
            region_name=aws.region,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 2}),
        )
        aws.faults.throttle("DescribeDBSubnetGroups", times=2)
        with refused("Throttling"):
            client.describe_db_subnet_groups()

    @pytest.mark.parametrize(
        ("service", "action", "call"),
        [
            ("rds", "DescribeDBInstances", lambda client: client.describe_db_instances()),
            ("s3", "s3:ListBuckets", lambda client: client.list_buckets()),
            ("secretsmanager", "ListSecrets", lambda client: client.list_secrets()),
            ("sts", "sts:GetCallerIdentity", lambda client: client.get_caller_identity()),
        ],
    )
    def test_fails_a_call_with_a_code_in_each_protocol(
        self, aws: LocalAws, aurora: Aurora, service: str, action: str, call: Any
    ) -> None:
        client = aurora.client(service)
        aws.faults.fail(action, "InsufficientDBClusterCapacityFault", message="as asked")
        with refused("InsufficientDBClusterCapacityFault"):
            call(client)
        call(client)

    def test_lowers_a_quota(self, aws: LocalAws, aurora: Aurora, shop: str, spare: str) -> None:
        quotas = {"clusters": "DBClusterQuotaExceededFault", "storage": "StorageQuotaExceeded"}
        for name, code in quotas.items():
            aws.faults.reset()
            aws.faults.quota(name, 1)
            with refused(code):
                aurora.begin()
        aws.faults.quota("instances", 1)
        with refused("InstanceQuotaExceeded"):
            aurora.add_instance(shop, DBInstanceIdentifier=aurora.new_id())
        aws.faults.quota("manual-snapshots", 0)
        with refused("SnapshotQuotaExceeded"):
            aurora.snapshot(spare)
        attributes = aurora.rds.describe_account_attributes()["AccountQuotas"]
        assert {"AccountQuotaName": "DBInstances", "Used": 1, "Max": 1}.items() <= next(
            quota for quota in attributes if quota["AccountQuotaName"] == "DBInstances"
        ).items()

    @pytest.mark.parametrize("status", ["failed", "incompatible-network"])
    def test_lets_a_cluster_end_in_a_status_from_which_it_can_only_be_deleted(
        self, aws: LocalAws, aurora: Aurora, status: str
    ) -> None:
        aws.faults.end_in("CreateDBCluster", status)
        cluster = aurora.begin()
        aurora.wait_for_cluster(cluster, status)
        with refused("InvalidDBClusterStateFault"):
            aurora.rds.modify_db_cluster(DBClusterIdentifier=cluster, BackupRetentionPeriod=2)
        aurora.delete(cluster)

    def test_lets_a_snapshot_fail(self, aws: LocalAws, aurora: Aurora, spare: str) -> None:
        aws.faults.end_in("CreateDBClusterSnapshot", "failed")
        identifier = aurora.new_id()
        aurora.rds.create_db_cluster_snapshot(
            DBClusterIdentifier=spare, DBClusterSnapshotIdentifier=identifier
        )
        aurora.wait_for_snapshot(identifier, "failed")
        aurora.wait_for_cluster(spare)
        aurora.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=identifier)

    def test_is_not_a_quota_that_does_not_exist(self) -> None:
        with pytest.raises(ValueError, match="no quota"):
            Faults().quota("cluster", 1)


class TestErrorCodes:
    def test_lack_the_suffix_where_aws_leaves_it_out(self) -> None:
        without = {
            shape: str(fault(shape, "").code)
            for shape in (
                "DBInstanceNotFoundFault",
                "DBInstanceAlreadyExistsFault",
                "InvalidDBInstanceStateFault",
                "SnapshotQuotaExceededFault",
                "StorageQuotaExceededFault",
            )
        }
        assert without == {shape: shape.removesuffix("Fault") for shape in without}

    def test_are_boto3s_exceptions(self, aurora: Aurora) -> None:
        with pytest.raises(aurora.rds.exceptions.DBInstanceNotFoundFault):
            aurora.describe_instance("nothing")
        with pytest.raises(aurora.rds.exceptions.DBClusterNotFoundFault):
            aurora.describe_cluster("nothing")
        with pytest.raises(aurora.rds.exceptions.DBClusterSnapshotNotFoundFault):
            aurora.describe_snapshot("nothing")

    def test_come_with_the_http_status_of_the_api(self, aurora: Aurora) -> None:
        with pytest.raises(aurora.rds.exceptions.DBClusterNotFoundFault) as caught:
            aurora.describe_cluster("nothing")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


class TestEveryDescribeCall:
    def test_without_required_parameters_answers(self, aurora: Aurora) -> None:
        model: Any = botocore.session.get_session().get_service_model("rds")
        answered = 0
        for name in model.operation_names:
            operation = model.operation_model(name)
            if name.startswith("Describe") and not operation.input_shape.required_members:
                method = botocore.xform_name(name)
                getattr(aurora.rds, method)()
                answered += 1
        assert answered > 20

    def test_of_engine_versions_tells_those_that_can_be_created(self, aurora: Aurora, shop: str) -> None:
        answer = aurora.rds.describe_db_engine_versions(Engine="aurora-postgresql", DefaultOnly=True)
        (default,) = answer["DBEngineVersions"]
        assert default["EngineVersion"] == aurora.describe_cluster(shop)["EngineVersion"]
        major = default["EngineVersion"].split(".")[0]
        answer = aurora.rds.describe_db_engine_versions(Engine="aurora-postgresql", EngineVersion=major)
        assert default["EngineVersion"] in [found["EngineVersion"] for found in answer["DBEngineVersions"]]

    def test_comes_in_pages(self, aurora: Aurora, spare: str) -> None:
        for _ in range(21):
            aurora.rds.create_db_cluster_parameter_group(
                DBClusterParameterGroupName=aurora.new_id(),
                DBParameterGroupFamily="aurora-postgresql17",
                Description="one of many",
            )
        first = aurora.rds.describe_engine_default_cluster_parameters(
            DBParameterGroupFamily="aurora-postgresql17", MaxRecords=20
        )["EngineDefaults"]
        assert len(first["Parameters"]) == 20
        with refused("InvalidParameterValue"):
            aurora.rds.describe_db_clusters(MaxRecords=5)


def test_an_action_that_is_not_there_is_a_clear_error(aurora: Aurora) -> None:
    with refused("InvalidAction"):
        aurora.rds.backtrack_db_cluster(DBClusterIdentifier="x", BacktrackTo=datetime.now(UTC))
