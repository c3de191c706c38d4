"""Roles on local AWS with the policies that Terraform makes, and processes that run as them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import ClientError

from deployments.demo.world import (
    BUCKET,
    PARAMETER_GROUP,
    SOURCE_CLUSTER,
    SUBNET_GROUP,
    TARGET_CLUSTER,
    World,
)
from deployments.localaws import LocalAws
from deployments.terraform.policy_templates import Policy
from tests.fix_localaws import wait_until

IAM_USER = "refresher"


class Identity:
    """A role and one session of it."""

    def __init__(self, aws: LocalAws, name: str, policies: Sequence[Policy]) -> None:
        self._aws, self._name = aws, name
        trust = {"Effect": "Allow", "Principal": {"AWS": aws.account_id}, "Action": "sts:AssumeRole"}
        aws.client("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        self.arn = f"arn:aws:iam::{aws.account_id}:role/{name}"
        self._keys = aws.client("sts").assume_role(RoleArn=self.arn, RoleSessionName="it")["Credentials"]
        self.attach(policies)

    def attach(self, policies: Sequence[Policy]) -> None:
        """These are the role's policies from now on, and no others."""
        iam = self._aws.client("iam")
        for number, policy in enumerate(policies):
            if not policy["Statement"]:  # none, which IAM takes for a mistake
                iam.delete_role_policy(RoleName=self._name, PolicyName=f"policy-{number}")
                continue
            iam.put_role_policy(
                RoleName=self._name, PolicyName=f"policy-{number}", PolicyDocument=json.dumps(policy)
            )

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process this role's session."""
        return {
            "AWS_ACCESS_KEY_ID": self._keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self._keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self._keys["SessionToken"],
        }

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self._aws.endpoint_url,
            region_name=self._aws.region,
            aws_access_key_id=self._keys["AccessKeyId"],
            aws_secret_access_key=self._keys["SecretAccessKey"],
            aws_session_token=self._keys["SessionToken"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )


def policy_values(world: World, env: str, key_arn: str) -> dict[str, str]:
    """What fills the policies' templates in, for an env of the tests' world."""
    return {
        "partition": "aws",
        "region": world.aws.region,
        "account": world.aws.account_id,
        "env": env,
        "source_cluster": SOURCE_CLUSTER,
        "target_cluster": TARGET_CLUSTER,
        "subnet_group": SUBNET_GROUP,
        "parameter_group": PARAMETER_GROUP,
        "key_arn": key_arn,
        "source_key_arn": world.kms_key_arn,
        "bucket": BUCKET,
        "prefix": "refresh",
        "target_secret_arn": world.secrets["target"],
        "root_key_secret_arn": world.secrets["root-key"],
        "slack_secret_arn": world.secrets["slack"],
        "prefect_secret_arn": world.secrets["slack"],
        "share_key_arn": key_arn,
        "vault_secret_arn": world.secrets["slack"],
        "target_iam_user": IAM_USER,
        "target_resource_id": world.aws.client("rds").describe_db_clusters(
            DBClusterIdentifier=TARGET_CLUSTER
        )["DBClusters"][0]["DbClusterResourceId"],
    }


def encrypt_secrets(world: World, key_arn: str) -> None:
    """The world's secrets, which its envs share, under the key that an env's roles may use."""
    for secret in world.secrets.values():
        world.aws.client("secretsmanager").update_secret(SecretId=secret, KmsKeyId=key_arn)


@contextmanager
def login_by_iam(world: World) -> Iterator[None]:
    """The target has IAM database authentication, and a user who has no more than docs/security.md gives."""
    with psycopg.connect(world.target_conninfo("postgres"), autocommit=True) as superuser:
        superuser.execute(f"CREATE ROLE {IAM_USER} LOGIN CREATEDB")
        superuser.execute(f"GRANT pg_signal_backend, master, rds_iam TO {IAM_USER}")
    _switch(world, is_on=True)
    try:
        yield
    finally:
        _switch(world, is_on=False)


def _switch(world: World, *, is_on: bool) -> None:
    rds = world.aws.client("rds")
    rds.modify_db_cluster(
        DBClusterIdentifier=TARGET_CLUSTER, EnableIAMDatabaseAuthentication=is_on, ApplyImmediately=True
    )

    def is_switched() -> bool:
        found = rds.describe_db_clusters(DBClusterIdentifier=TARGET_CLUSTER)["DBClusters"][0]
        return found["Status"] == "available" and world.aws.has_login_gate(TARGET_CLUSTER) is is_on

    wait_until(is_switched)


def delete_leftovers(aws: LocalAws, env: str) -> None:
    """As the account itself: what a run left that wasn't allowed to clean up."""
    rds, prefix = aws.client("rds"), f"refresh-{env}-"
    for instance in rds.describe_db_instances()["DBInstances"]:
        if instance["DBInstanceIdentifier"].startswith(prefix):
            with suppress(ClientError):
                rds.delete_db_instance(
                    DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True
                )
    for cluster in rds.describe_db_clusters()["DBClusters"]:
        if cluster["DBClusterIdentifier"].startswith(prefix):
            waiter = rds.get_waiter("db_cluster_deleted")
            with suppress(ClientError):
                rds.delete_db_cluster(
                    DBClusterIdentifier=cluster["DBClusterIdentifier"],
                    SkipFinalSnapshot=True,
                    DeleteAutomatedBackups=True,
                )
            waiter.wait(
                DBClusterIdentifier=cluster["DBClusterIdentifier"],
                WaiterConfig={"Delay": 1, "MaxAttempts": 60},
            )
    for snapshot in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        if snapshot["DBClusterSnapshotIdentifier"].startswith(prefix):
            rds.delete_db_cluster_snapshot(
                DBClusterSnapshotIdentifier=snapshot["DBClusterSnapshotIdentifier"]
            )
    secrets = aws.client("secretsmanager")
    for secret in secrets.list_secrets()["SecretList"]:
        if secret["Name"].startswith(prefix):
            secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    s3 = aws.client("s3")
    for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"refresh/{env}/").get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    for upload in s3.list_multipart_uploads(Bucket=BUCKET, Prefix=f"refresh/{env}/").get("Uploads", []):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
