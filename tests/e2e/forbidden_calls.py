"""What no role of the project may do: calls, by category. ``{env}`` and such are filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.demo.world import BUCKET, SOURCE_CLUSTER

OTHER = "somebody-elses"


class Forbidden:
    """One call that must be denied, with a short name of its category."""

    def __init__(self, category: str, service: str, method: str, **parameters: Any) -> None:
        self.category, self.service, self.method, self.parameters = category, service, method, parameters

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The parameters, with ``{env}`` and other names in their texts replaced."""
        filled: dict[str, Any] = _filled(self.parameters, values)
        return filled

    def __repr__(self) -> str:
        return f"{self.category}-{self.service}-{self.method}"


def _rds_arn(rest: str) -> str:
    return f"arn:aws:rds:eu-west-1:123456789012:{rest}"


OUR_TAGS = [
    {"Key": "refresh:managed-by", "Value": "dev-db-refresh"},
    {"Key": "refresh:env", "Value": "{env}"},
]
FORBIDDEN = [
    Forbidden(
        "source", "rds", "delete_db_cluster", DBClusterIdentifier=SOURCE_CLUSTER, SkipFinalSnapshot=True
    ),
    Forbidden("source", "rds", "delete_db_instance", DBInstanceIdentifier=f"{SOURCE_CLUSTER}-1"),
    Forbidden(
        "source", "rds", "modify_db_cluster", DBClusterIdentifier=SOURCE_CLUSTER, MasterUserPassword="x" * 9
    ),
    Forbidden(
        "source", "rds", "modify_db_cluster", DBClusterIdentifier=SOURCE_CLUSTER, VpcSecurityGroupIds=["sg-1"]
    ),
    Forbidden(
        "source",
        "rds",
        "modify_db_cluster_parameter_group",
        DBClusterParameterGroupName="default.aurora-postgresql17",
        Parameters=[{"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate"}],
    ),
    Forbidden("source", "rds", "stop_db_cluster", DBClusterIdentifier=SOURCE_CLUSTER),
    Forbidden("source", "rds", "enable_http_endpoint", ResourceArn=_rds_arn(f"cluster:{SOURCE_CLUSTER}")),
    Forbidden(
        "source",
        "ec2",
        "authorize_security_group_ingress",
        GroupId="sg-1",
        IpProtocol="tcp",
        CidrIp="0.0.0.0/0",
    ),
    Forbidden("other-cluster", "rds", "delete_db_cluster", DBClusterIdentifier=OTHER, SkipFinalSnapshot=True),
    Forbidden(
        "other-cluster",
        "rds",
        "create_db_cluster_snapshot",
        DBClusterIdentifier=OTHER,
        DBClusterSnapshotIdentifier="refresh-{env}-1-snapshot",
        Tags=OUR_TAGS,
    ),
    Forbidden(
        "other-cluster",
        "rds",
        "create_db_cluster",
        DBClusterIdentifier="refresh-{env}-1-clone",
        Engine="aurora-postgresql",
        Tags=OUR_TAGS,
    ),
    Forbidden(
        "other-name",
        "rds",
        "restore_db_cluster_from_snapshot",
        DBClusterIdentifier="mine",
        SnapshotIdentifier="refresh-{env}-1-snapshot",
        Engine="aurora-postgresql",
        Tags=OUR_TAGS,
    ),
    Forbidden(
        "untagged",
        "rds",
        "restore_db_cluster_from_snapshot",
        DBClusterIdentifier="refresh-{env}-1-clone",
        SnapshotIdentifier="refresh-{env}-1-snapshot",
        Engine="aurora-postgresql",
        DBSubnetGroupName="refresh-clones",
        DBClusterParameterGroupName="refresh-clone-postgresql",
        EngineVersion="17.4",
    ),
    Forbidden(
        "other-network",
        "rds",
        "restore_db_cluster_from_snapshot",
        DBClusterIdentifier="refresh-{env}-1-clone",
        SnapshotIdentifier="refresh-{env}-1-snapshot",
        Engine="aurora-postgresql",
        DBSubnetGroupName="public",
        Tags=OUR_TAGS,
    ),
    Forbidden("other-snapshot", "rds", "delete_db_cluster_snapshot", DBClusterSnapshotIdentifier=OTHER),
    Forbidden(
        "other-snapshot",
        "rds",
        "restore_db_cluster_from_snapshot",
        DBClusterIdentifier="refresh-{env}-1-clone",
        SnapshotIdentifier=OTHER,
        Engine="aurora-postgresql",
        Tags=OUR_TAGS,
    ),
    Forbidden(
        "sharing",
        "rds",
        "modify_db_cluster_snapshot_attribute",
        DBClusterSnapshotIdentifier="refresh-{env}-1-snapshot",
        AttributeName="restore",
        ValuesToAdd=["444455556666"],
    ),
    Forbidden(
        "public",
        "rds",
        "modify_db_cluster_snapshot_attribute",
        DBClusterSnapshotIdentifier="refresh-{env}-1-snapshot",
        AttributeName="restore",
        ValuesToAdd=["all"],
    ),
    Forbidden(
        "copying",
        "rds",
        "copy_db_cluster_snapshot",
        SourceDBClusterSnapshotIdentifier="refresh-{env}-1-snapshot",
        TargetDBClusterSnapshotIdentifier="mine",
    ),
    Forbidden(
        "export",
        "rds",
        "start_export_task",
        ExportTaskIdentifier="out",
        SourceArn=_rds_arn("cluster-snapshot:refresh-{env}-1-snapshot"),
        S3BucketName=BUCKET,
        IamRoleArn="arn:aws:iam::123456789012:role/export",
        KmsKeyId="{key_arn}",
    ),
    Forbidden(
        "tagging",
        "rds",
        "add_tags_to_resource",
        ResourceName=_rds_arn(f"cluster:{SOURCE_CLUSTER}"),
        Tags=OUR_TAGS,
    ),
    Forbidden(
        "tagging",
        "rds",
        "add_tags_to_resource",
        ResourceName=_rds_arn(f"cluster-snapshot:{OTHER}"),
        Tags=OUR_TAGS,
    ),
    Forbidden(
        "tagging",
        "rds",
        "add_tags_to_resource",
        ResourceName=_rds_arn("cluster:refresh-{env}-1-clone"),
        Tags=[*OUR_TAGS, {"Key": "team", "Value": "x"}],
    ),
    Forbidden(
        "untagging",
        "rds",
        "remove_tags_from_resource",
        ResourceName=_rds_arn("cluster:refresh-{env}-1-clone"),
        TagKeys=["refresh:env"],
    ),
    Forbidden("other-env", "s3", "get_object", Bucket=BUCKET, Key="refresh/production/shop/x/toc.dat"),
    Forbidden("other-prefix", "s3", "put_object", Bucket=BUCKET, Key="elsewhere/x", Body=b"x"),
    Forbidden("other-bucket", "s3", "put_object", Bucket="another-bucket", Key="refresh/{env}/x", Body=b"x"),
    Forbidden("bucket", "s3", "delete_bucket_policy", Bucket=BUCKET),
    Forbidden("bucket", "s3", "put_bucket_policy", Bucket=BUCKET, Policy="{}"),
    Forbidden("bucket", "s3", "delete_public_access_block", Bucket=BUCKET),
    Forbidden("bucket", "s3", "put_object_acl", Bucket=BUCKET, Key="refresh/{env}/x", ACL="public-read"),
    Forbidden("other-secret", "secretsmanager", "get_secret_value", SecretId=OTHER),
    Forbidden(
        "other-secret",
        "secretsmanager",
        "put_secret_value",
        SecretId="{root_key_secret_arn}",
        SecretString="x",
    ),
    Forbidden(
        "other-secret", "secretsmanager", "create_secret", Name="mine", SecretString="x", Tags=OUR_TAGS
    ),
    Forbidden("other-secret", "secretsmanager", "delete_secret", SecretId="{target_secret_arn}"),
    Forbidden("key", "kms", "decrypt", KeyId="{key_arn}", CiphertextBlob=b"x"),
    Forbidden("key", "kms", "create_grant", KeyId="{key_arn}", GranteePrincipal="x", Operations=["Decrypt"]),
    Forbidden("key", "kms", "put_key_policy", KeyId="{key_arn}", PolicyName="default", Policy="{}"),
    Forbidden("key", "kms", "schedule_key_deletion", KeyId="{source_key_arn}"),
    Forbidden("identity", "iam", "create_user", UserName="x"),
    Forbidden("identity", "iam", "create_access_key", UserName="x"),
    Forbidden("identity", "iam", "create_role", RoleName="x", AssumeRolePolicyDocument="{}"),
    Forbidden(
        "identity", "iam", "put_role_policy", RoleName="task-{env}", PolicyName="x", PolicyDocument="{}"
    ),
    Forbidden(
        "identity", "sts", "assume_role", RoleArn="arn:aws:iam::123456789012:role/admin", RoleSessionName="it"
    ),
    Forbidden(
        "passing",
        "rds",
        "add_role_to_db_cluster",
        DBClusterIdentifier="refresh-{env}-1-clone",
        RoleArn="arn:aws:iam::123456789012:role/admin",
    ),
    Forbidden("passing", "ecs", "run_task", taskDefinition="any"),
]


FORBIDDEN_TO_OTHERS = [
    ("mask", Forbidden("target", "secretsmanager", "get_secret_value", SecretId="{target_secret_arn}")),
    ("mask", Forbidden("source", "rds", "describe_db_clusters", DBClusterIdentifier=SOURCE_CLUSTER)),
    ("mask", Forbidden("archive", "s3", "list_objects_v2", Bucket=BUCKET)),
    (
        "mask",
        Forbidden("clone", "rds", "delete_db_cluster", DBClusterIdentifier="refresh-{env}-1-clone"),
    ),
    ("ci", Forbidden("cluster", "rds", "describe_db_clusters")),
    ("ci", Forbidden("archive", "s3", "list_objects_v2", Bucket=BUCKET, Prefix="refresh/{env}/")),
    ("ci", Forbidden("key", "secretsmanager", "get_secret_value", SecretId="{root_key_secret_arn}")),
    ("ci", Forbidden("task", "ecs", "run_task", taskDefinition="refresh:1")),
    (
        "developer",
        Forbidden("other-env", "s3", "list_objects_v2", Bucket=BUCKET, Prefix="refresh/other/"),
    ),
    (
        "developer",
        Forbidden("writing", "s3", "put_object", Bucket=BUCKET, Key="refresh/{env}/x", Body=b"x"),
    ),
    ("developer", Forbidden("deleting", "s3", "delete_object", Bucket=BUCKET, Key="refresh/{env}/x")),
    (
        "developer",
        Forbidden("key", "secretsmanager", "get_secret_value", SecretId="{root_key_secret_arn}"),
    ),
    ("developer", Forbidden("cluster", "rds", "describe_db_clusters")),
    ("production-copy", Forbidden("archive", "s3", "list_objects_v2", Bucket=BUCKET)),
    (
        "production-copy",
        Forbidden("secret", "secretsmanager", "get_secret_value", SecretId="{target_secret_arn}"),
    ),
    (
        "production-copy",
        Forbidden(
            "sharing-untagged",
            "rds",
            "modify_db_cluster_snapshot_attribute",
            DBClusterSnapshotIdentifier="refresh-{env}-1-snapshot",
            AttributeName="restore",
            ValuesToAdd=["444455556666"],
        ),
    ),
    (
        "production-copy",
        Forbidden("source", "rds", "delete_db_cluster", DBClusterIdentifier=SOURCE_CLUSTER),
    ),
    (
        "production-copy",
        Forbidden(
            "other-cluster",
            "rds",
            "create_db_cluster_snapshot",
            DBClusterIdentifier=OTHER,
            DBClusterSnapshotIdentifier="refresh-{env}-1-snapshot",
            Tags=OUR_TAGS,
        ),
    ),
    (
        "production-copy",
        Forbidden(
            "restoring",
            "rds",
            "restore_db_cluster_from_snapshot",
            DBClusterIdentifier="refresh-{env}-1-clone",
            SnapshotIdentifier="refresh-{env}-1-shared-copy",
            Engine="aurora-postgresql",
            Tags=OUR_TAGS,
        ),
    ),
    (
        "production-copy",
        Forbidden(
            "export",
            "rds",
            "start_export_task",
            ExportTaskIdentifier="out",
            SourceArn=_rds_arn("cluster-snapshot:refresh-{env}-1-shared-copy"),
            S3BucketName=BUCKET,
            IamRoleArn="arn:aws:iam::123456789012:role/export",
            KmsKeyId="{key_arn}",
        ),
    ),
    (
        "production-copy",
        Forbidden(
            "tagging",
            "rds",
            "add_tags_to_resource",
            ResourceName=_rds_arn(f"cluster-snapshot:{OTHER}"),
            Tags=OUR_TAGS,
        ),
    ),
]


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**values) if value != "{}" else value
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    return value
