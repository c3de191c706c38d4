"""Local AWS enforces IAM: what each call demands is what AWS's Service Authorization Reference says.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html (and of S3, KMS, Secrets Manager)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from deployments.localaws import LocalAws
from tests.fix_localaws import refused

ACCOUNT = "222233334444"
REGION = "eu-west-1"


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


class Role:
    """A role of a test's own, whose policy the test writes; its clients are those of a session of it."""

    def __init__(self, aws: LocalAws, name: str) -> None:
        self._aws, self._name = aws, name
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        aws.client("iam", account_id=ACCOUNT).create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )
        sts = aws.client("sts", account_id=ACCOUNT)
        self._keys = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="test")[
            "Credentials"
        ]

    def may(self, *grants: tuple[Any, ...]) -> None:
        """Each is (actions, resources) or (actions, resources, conditions)."""
        names = ("Action", "Resource", "Condition")
        allowed = [{"Effect": "Allow", **dict(zip(names, grant, strict=False))} for grant in grants]
        self._aws.client("iam", account_id=ACCOUNT).put_role_policy(
            RoleName=self._name,
            PolicyName="it",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
        )

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self._aws.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self._keys["AccessKeyId"],
            aws_secret_access_key=self._keys["SecretAccessKey"],
            aws_session_token=self._keys["SessionToken"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def role(aws: LocalAws, request: pytest.FixtureRequest) -> Iterator[Role]:
    made = Role(aws, f"role-{abs(hash(request.node.nodeid)):x}")
    with aws.iam.enforced():
        yield made


@pytest.fixture(scope="module")
def owner(local_aws: LocalAws) -> Any:
    """Clients of the account itself."""
    return lambda service: local_aws.client(service, account_id=ACCOUNT)


@pytest.fixture(scope="module")
def key(owner: Any) -> str:
    return str(owner("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def clusters(owner: Any, key: str) -> None:
    """``shop`` encrypted with a customer's key, ``ours`` with our tag, both without an instance."""
    for name, tags in (("shop", []), ("ours", [{"Key": "managed-by", "Value": "us"}])):
        owner("rds").create_db_cluster(
            DBClusterIdentifier=name,
            Engine="aurora-postgresql",
            MasterUsername="master",
            MasterUserPassword="a-password",
            StorageEncrypted=True,
            KmsKeyId=key,
            Tags=tags,
        )
        owner("rds").get_waiter("db_cluster_available").wait(
            DBClusterIdentifier=name, WaiterConfig={"Delay": 1}
        )


@pytest.fixture(scope="module")
def bucket(owner: Any, key: str) -> str:
    s3 = owner("s3")
    s3.create_bucket(Bucket="iam-test", CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket="iam-test", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="iam-test", Key="there", Body=b"x")
    return "iam-test"


def last_denial(aws: LocalAws) -> tuple[str, str]:
    return aws.iam.denials[-1].action, aws.iam.denials[-1].resource


def test_nobody_is_asked_before_it_is_switched_on(aws: LocalAws, owner: Any) -> None:
    made = Role(aws, "before")
    assert made.client("rds").describe_db_clusters()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with aws.iam.enforced(), refused("AccessDenied"):
        made.client("rds").describe_db_clusters()


def test_who_one_is_can_not_be_denied(role: Role) -> None:
    assert role.client("sts").get_caller_identity()["Account"] == ACCOUNT


class TestRds:
    def test_a_list_is_of_all_resources_of_its_kind(self, role: Role, clusters: None) -> None:
        role.may(("rds:DescribeDBClusters", arn("rds", "cluster:shop")))
        role.client("rds").describe_db_clusters(DBClusterIdentifier="shop")
        with refused("AccessDenied"):
            role.client("rds").describe_db_clusters(DBClusterIdentifier="ours")
        with refused("AccessDenied"):
            role.client("rds").describe_db_clusters()

    def test_a_snapshot_demands_the_cluster_and_the_snapshot_and_its_tags(
        self, aws: LocalAws, role: Role, clusters: None
    ) -> None:
        def snapshot(name: str) -> None:
            role.client("rds").create_db_cluster_snapshot(
                DBClusterIdentifier="shop",
                DBClusterSnapshotIdentifier=name,
                Tags=[{"Key": "managed-by", "Value": "us"}],
            )

        source, made = arn("rds", "cluster:shop"), arn("rds", "cluster-snapshot:refresh-1")
        needed: list[Any] = [
            ("rds:CreateDBClusterSnapshot", source),
            ("rds:CreateDBClusterSnapshot", made),
            ("rds:AddTagsToResource", made, {"StringEquals": {"aws:RequestTag/managed-by": "us"}}),
        ]
        for missing in needed:
            role.may(*(each for each in needed if each is not missing))
            with refused("AccessDenied"):
                snapshot("refresh-1")
            assert last_denial(aws) == missing[:2]
        role.may(*needed)
        with refused("AccessDenied"):
            snapshot("other-1")
        snapshot("refresh-1")

    def test_a_tag_decides_what_may_be_changed(self, role: Role, clusters: None) -> None:
        ours = {"StringEquals": {"aws:ResourceTag/managed-by": "us"}}
        role.may((["rds:ModifyDBCluster", "rds:AddTagsToResource"], "*", ours))
        role.client("rds").modify_db_cluster(DBClusterIdentifier="ours", DeletionProtection=False)
        with refused("AccessDenied"):
            role.client("rds").modify_db_cluster(DBClusterIdentifier="shop", DeletionProtection=False)
        with refused("AccessDenied"):  # else one could make it one's own
            role.client("rds").add_tags_to_resource(
                ResourceName=arn("rds", "cluster:shop"), Tags=[{"Key": "managed-by", "Value": "us"}]
            )

    def test_a_key_demands_a_grant_that_only_rds_makes(
        self, aws: LocalAws, role: Role, clusters: None, key: str
    ) -> None:
        def create() -> None:
            role.client("rds").create_db_cluster(
                DBClusterIdentifier="third",
                Engine="aurora-postgresql",
                MasterUsername="master",
                MasterUserPassword="a-password",
                StorageEncrypted=True,
                KmsKeyId=key,
            )

        role.may(("rds:*", "*"), ("kms:DescribeKey", key))
        with refused("KMSKeyNotAccessibleFault"):
            create()
        assert last_denial(aws) == ("kms:CreateGrant", key)
        via_rds = {"StringEquals": {"kms:ViaService": f"rds.{REGION}.amazonaws.com"}}
        role.may(("rds:*", "*"), ("kms:DescribeKey", key), ("kms:CreateGrant", key, via_rds))
        create()
        with refused("AccessDeniedException"):
            role.client("kms").create_grant(KeyId=key, GranteePrincipal="x", Operations=["Decrypt"])

    def test_a_role_is_passed_to_an_export_only_with_permission(
        self, aws: LocalAws, role: Role, clusters: None, key: str
    ) -> None:
        role.may(("rds:*", "*"), ("kms:*", "*"))
        with refused("AccessDenied"):
            role.client("rds").start_export_task(
                ExportTaskIdentifier="out",
                SourceArn=arn("rds", "cluster:shop"),
                S3BucketName="anywhere",
                IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/export",
                KmsKeyId=key,
            )
        assert last_denial(aws)[0] == "iam:PassRole"


class TestS3:
    HOME = "arn:aws:s3:::iam-test/ours/*"

    def test_an_object_is_written_with_a_data_key_of_the_buckets_key(
        self, aws: LocalAws, role: Role, bucket: str, key: str
    ) -> None:
        s3 = role.client("s3")
        role.may(("s3:PutObject", self.HOME))
        with refused("AccessDenied"):
            s3.put_object(Bucket=bucket, Key="ours/a", Body=b"x")
        assert last_denial(aws) == ("kms:GenerateDataKey", key)
        role.may(("s3:PutObject", self.HOME), ("kms:GenerateDataKey", key))
        s3.put_object(Bucket=bucket, Key="ours/a", Body=b"x")
        with refused("AccessDenied"):
            s3.put_object(Bucket=bucket, Key="theirs/a", Body=b"x")
        with refused("AccessDenied"):
            s3.put_object(Bucket=bucket, Key="ours/a", Body=b"x", Tagging="a=b")
        assert last_denial(aws)[0] == "s3:PutObjectTagging"

    def test_the_parts_of_an_upload_demand_the_key_again(
        self, aws: LocalAws, role: Role, bucket: str, key: str
    ) -> None:
        s3 = role.client("s3")
        role.may(("s3:PutObject", self.HOME), ("kms:GenerateDataKey", key))
        upload = s3.create_multipart_upload(Bucket=bucket, Key="ours/big")["UploadId"]
        part = {"Bucket": bucket, "Key": "ours/big", "PartNumber": 1, "UploadId": upload, "Body": b"x"}
        with refused("AccessDenied"):
            s3.upload_part(**part)
        assert last_denial(aws) == ("kms:Decrypt", key)
        role.may(("s3:PutObject", self.HOME), (["kms:GenerateDataKey", "kms:Decrypt"], key))
        s3.upload_part(**part)
        with refused("AccessDenied"):
            s3.abort_multipart_upload(Bucket=bucket, Key="ours/big", UploadId=upload)

    def test_reading_demands_the_key(self, aws: LocalAws, role: Role, bucket: str, key: str) -> None:
        role.may(("s3:GetObject", "*"))
        with refused("AccessDenied"):
            role.client("s3").get_object(Bucket=bucket, Key="there")
        assert last_denial(aws) == ("kms:Decrypt", key)

    def test_only_who_may_list_is_told_that_an_object_is_not_there(self, role: Role, bucket: str) -> None:
        role.may(("s3:GetObject", "*"))
        with refused("AccessDenied"):
            role.client("s3").get_object(Bucket=bucket, Key="not-there")
        role.may(("s3:GetObject", "*"), ("s3:ListBucket", "arn:aws:s3:::iam-test"))
        with refused("NoSuchKey"):
            role.client("s3").get_object(Bucket=bucket, Key="not-there")

    def test_each_object_of_a_batch_is_asked_for(self, role: Role, bucket: str, owner: Any) -> None:
        role.may(("s3:DeleteObject", self.HOME))
        with refused("AccessDenied"):
            role.client("s3").delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": "ours/a"}, {"Key": "there"}]}
            )
        assert owner("s3").head_object(Bucket=bucket, Key="there")["ContentLength"] == 1

    def test_a_version_is_deleted_by_its_own_action(self, aws: LocalAws, role: Role, bucket: str) -> None:
        role.may(("s3:DeleteObject", "*"))
        with refused("AccessDenied"):
            role.client("s3").delete_object(Bucket=bucket, Key="there", VersionId="null")
        assert last_denial(aws)[0] == "s3:DeleteObjectVersion"

    def test_a_prefix_limits_what_is_listed(self, role: Role, bucket: str) -> None:
        role.may(("s3:ListBucket", "*", {"StringLike": {"s3:prefix": "ours/*"}}))
        role.client("s3").list_objects_v2(Bucket=bucket, Prefix="ours/")
        with refused("AccessDenied"):
            role.client("s3").list_objects_v2(Bucket=bucket)

    def test_a_bucket_policy_that_wants_tls_is_heard(self, aws: LocalAws, role: Role, owner: Any) -> None:
        owner("s3").create_bucket(Bucket="iam-tls", CreateBucketConfiguration={"LocationConstraint": REGION})
        tls_only = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::iam-tls", "arn:aws:s3:::iam-tls/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        owner("s3").put_bucket_policy(
            Bucket="iam-tls", Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls_only]})
        )
        role.may(("s3:*", "*"))
        role.client("s3").put_object(Bucket="iam-tls", Key="a", Body=b"x")
        aws.iam.is_secure_transport = False
        try:
            with refused("AccessDenied"):
                role.client("s3").put_object(Bucket="iam-tls", Key="a", Body=b"x")
        finally:
            aws.iam.is_secure_transport = True
        assert "resource-based policy" in aws.iam.denials[-1].reason


class TestSecrets:
    def test_a_secret_is_named_by_its_arn_whatever_the_call_names_it_by(self, role: Role, owner: Any) -> None:
        owner("secretsmanager").create_secret(Name="refresh/one", SecretString="x")
        owner("secretsmanager").create_secret(Name="refresh/two", SecretString="x")
        role.may(("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:refresh/one-??????")))
        secrets = role.client("secretsmanager")
        assert secrets.get_secret_value(SecretId="refresh/one")["SecretString"] == "x"
        with refused("AccessDeniedException"):
            secrets.get_secret_value(SecretId="refresh/two")

    def test_a_customers_key_is_demanded_and_making_with_tags_too(
        self, aws: LocalAws, role: Role, key: str
    ) -> None:
        secrets = role.client("secretsmanager")
        made = arn("secretsmanager", "secret:refresh-3")
        role.may(("secretsmanager:CreateSecret", made + "*"))
        tags = [{"Key": "a", "Value": "b"}]
        with refused("AccessDeniedException"):
            secrets.create_secret(Name="refresh-3", SecretString="x", Tags=tags)
        assert last_denial(aws) == ("secretsmanager:TagResource", made)
        with refused("AccessDeniedException"):
            secrets.create_secret(Name="refresh-3", SecretString="x", KmsKeyId=key)
        assert last_denial(aws) == ("kms:GenerateDataKey", key)


def test_running_a_task_passes_the_roles_of_its_definition(aws: LocalAws, role: Role, owner: Any) -> None:
    passed = f"arn:aws:iam::{ACCOUNT}:role/task"
    container = {"name": "main", "image": "x", "memory": 512, "cpu": 256}
    definition = owner("ecs").register_task_definition(
        family="refresh", taskRoleArn=passed, containerDefinitions=[container]
    )["taskDefinition"]["taskDefinitionArn"]
    role.may(("ecs:RunTask", definition))
    with refused("AccessDeniedException"):
        role.client("ecs").run_task(taskDefinition=definition)
    assert last_denial(aws) == ("iam:PassRole", passed)
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    role.may(("ecs:RunTask", definition), ("iam:PassRole", passed, to_lambda))
    with refused("AccessDeniedException"):
        role.client("ecs").run_task(taskDefinition=definition)


def test_a_head_that_is_denied_says_no_more_than_forbidden(role: Role, bucket: str) -> None:
    with pytest.raises(ClientError) as caught:
        role.client("s3").head_bucket(Bucket=bucket)
    assert caught.value.response["Error"]["Code"] == "403"
