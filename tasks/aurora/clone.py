"""The temporary cluster: restored from a snapshot, private, and opened by a secret that dies with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import get_run_logger, task
from prefect_aws import AwsCredentials

from contracts.environment import Environment
from contracts.errors import AwsError, DatabaseError
from contracts.expiry import clone_ownership
from contracts.login import Login
from contracts.naming import RunKey
from contracts.results import Clone, Snapshot
from tasks.aurora.describe import describe_cluster, describe_instance, wait_until_available
from tasks.aurora.ensuring import ensure_exists
from tasks.aws import aws_errors, client
from tasks.postgres.connection import connect_once
from tasks.secrets.one_run import ensure_one_run_secret
from tasks.secrets.reading import login_of_secret
from tasks.secrets.secrets_manager import read_aws_secret
from tasks.transient import REPEATABLE
from tasks.waiting import wait_for

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBClusterTypeDef, DBInstanceTypeDef

CLUSTER_TIMEOUT_S = 3 * 3600.0
INSTANCE_TIMEOUT_S = 3600.0
# ModifyDBCluster returns, and its status reads available, before the new password works.
LOGIN_TIMEOUT_S = 900.0


@task(**REPEATABLE)
def restore_cluster(
    credentials: AwsCredentials, environment: Environment, run: RunKey, snapshot: Snapshot
) -> str:
    """Restore the clone's cluster, wait until it is available, and return its identifier.

    Everything that a restore would otherwise take from a default or from the source is named.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
    """
    settings = environment.clone
    identifier = run.aws_identifier("clone")
    ownership = clone_ownership(environment, run, datetime.now(UTC))
    created = ensure_exists(
        lambda: describe_cluster(credentials, identifier),
        lambda: client(credentials, "rds").restore_db_cluster_from_snapshot(
            DBClusterIdentifier=identifier,
            SnapshotIdentifier=snapshot.arn,
            Engine="aurora-postgresql",
            EngineVersion=snapshot.engine_version,
            DBSubnetGroupName=settings.subnet_group,
            VpcSecurityGroupIds=list(settings.security_group_ids),
            DBClusterParameterGroupName=settings.parameter_group,
            KmsKeyId=settings.kms_key_id,
            # Without SecondsUntilAutoPause: a clone that pauses loses its connections in mid-pass.
            ServerlessV2ScalingConfiguration={
                "MinCapacity": settings.min_acu,
                "MaxCapacity": settings.max_acu,
            },
            EnableCloudwatchLogsExports=[],
            EnablePerformanceInsights=False,
            EnableIAMDatabaseAuthentication=False,
            DeletionProtection=False,
            CopyTagsToSnapshot=False,
            PubliclyAccessible=False,
            BackupRetentionPeriod=1,
            Tags=ownership.aws_tags(),  # type: ignore[arg-type]
        ),
        resource=f"cluster {identifier}",
        already_exists="DBClusterAlreadyExistsFault",
        ownership=ownership,
    )
    if created:
        get_run_logger().info("Began to restore %s from %s", identifier, snapshot.identifier)
    else:
        get_run_logger().info("Adopted the clone %s that this run restored before", identifier)
    wait_until_available(
        "cluster", identifier, lambda: describe_cluster(credentials, identifier), timeout_s=CLUSTER_TIMEOUT_S
    )
    return identifier


@task(**REPEATABLE)
def create_writer(credentials: AwsCredentials, environment: Environment, run: RunKey) -> str:
    """Give the clone its one ``db.serverless`` instance, wait until it is available, and return its identifier."""
    identifier = run.aws_identifier("clone-writer")
    ownership = clone_ownership(environment, run, datetime.now(UTC))
    ensure_exists(
        lambda: describe_instance(credentials, identifier),
        lambda: client(credentials, "rds").create_db_instance(
            DBInstanceIdentifier=identifier,
            DBClusterIdentifier=run.aws_identifier("clone"),
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
            PubliclyAccessible=False,
            EnablePerformanceInsights=False,
            MonitoringInterval=0,
            AutoMinorVersionUpgrade=False,
            Tags=ownership.aws_tags(),  # type: ignore[arg-type]
        ),
        resource=f"instance {identifier}",
        already_exists="DBInstanceAlreadyExists",
        ownership=ownership,
    )
    wait_until_available(
        "instance",
        identifier,
        lambda: describe_instance(credentials, identifier),
        timeout_s=INSTANCE_TIMEOUT_S,
    )
    return identifier


@task(**REPEATABLE)
def replace_master_password(
    credentials: AwsCredentials, environment: Environment, run: RunKey, snapshot: Snapshot
) -> Clone:
    """Give the clone's master user a password that only this run's secret holds, and wait until it opens the clone."""
    identifier = run.aws_identifier("clone")
    instance_id = run.aws_identifier("clone-writer")
    cluster = check_is_isolated(credentials, environment, identifier, instance_id)
    secret_arn = ensure_one_run_secret(
        credentials,
        run.aws_identifier("clone-master"),
        username=snapshot.master_username,
        ownership=clone_ownership(environment, run, datetime.now(UTC)),
    )
    clone = Clone(
        cluster_id=identifier,
        instance_id=instance_id,
        host=cluster["Endpoint"],
        port=cluster["Port"],
        secret_arn=secret_arn,
        engine_version=cluster["EngineVersion"],
        snapshot_arn=snapshot.arn,
    )
    login = clone_login(credentials, environment, clone)
    with aws_errors(f"cluster {identifier}", doing="replacing its master password"):
        client(credentials, "rds").modify_db_cluster(
            DBClusterIdentifier=identifier,
            MasterUserPassword=login.password().get_secret_value(),
            ApplyImmediately=True,
        )
    _wait_for_login(login, environment.source.database, identifier)
    return clone


def clone_login(credentials: AwsCredentials, environment: Environment, clone: Clone) -> Login:
    """The clone's login, read from this run's secret."""
    return login_of_secret(
        lambda: read_aws_secret(credentials, clone.secret_arn),
        resource=f"secret {clone.secret_arn}",
        host=clone.host,
        port=clone.port,
        ca_bundle=environment.target.ca_bundle,
    )


def check_is_isolated(
    credentials: AwsCredentials, environment: Environment, cluster_id: str, instance_id: str
) -> DBClusterTypeDef:
    """The clone as AWS describes it, after asserting that it is private, encrypted, awake, and tells nobody anything.

    Raises:
        AwsError: naming every fact that isn't as the environment wants it.
    """
    cluster = describe_cluster(credentials, cluster_id)
    instance = describe_instance(credentials, instance_id)
    resource = f"cluster {cluster_id}"
    if cluster is None or instance is None:
        raise AwsError(
            "it vanished while it was being made", resource=resource, remedy="Start the refresh again."
        )
    wrong = isolation_faults(cluster, instance, environment)
    if wrong:
        raise AwsError(
            f"the clone isn't isolated as its environment wants it: {'; '.join(wrong)}",
            resource=resource,
            remedy="Nothing was read from it. Check the `clone` settings, and what AWS added by itself.",
        )
    return cluster


def isolation_faults(
    cluster: DBClusterTypeDef, instance: DBInstanceTypeDef, environment: Environment
) -> tuple[str, ...]:
    """What about the clone isn't as it must be, each in a few words."""
    settings = environment.clone
    groups = {group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", [])}
    scaling = cluster.get("ServerlessV2ScalingConfiguration", {})
    facts: dict[str, tuple[Any, Any]] = {
        "storage encryption": (cluster.get("StorageEncrypted", False), True),
        "KMS key": (_key_id(cluster.get("KmsKeyId", "")), _key_id(settings.kms_key_id)),
        "security groups": (groups, set(settings.security_group_ids)),
        "parameter group": (cluster.get("DBClusterParameterGroup", ""), settings.parameter_group),
        "subnet group": (cluster.get("DBSubnetGroup", ""), settings.subnet_group),
        "public access": (
            bool(cluster.get("PubliclyAccessible")) or bool(instance.get("PubliclyAccessible")),
            False,
        ),
        "log exports": (list(cluster.get("EnabledCloudwatchLogsExports", [])), []),
        "Performance Insights": (
            bool(cluster.get("PerformanceInsightsEnabled"))
            or bool(instance.get("PerformanceInsightsEnabled")),
            False,
        ),
        "Data API": (bool(cluster.get("HttpEndpointEnabled")), False),
        "internet access gateway": (bool(cluster.get("InternetAccessGatewayEnabled")), False),
        "associated IAM roles": (len(cluster.get("AssociatedRoles", [])), 0),
        "backup retention period": (cluster.get("BackupRetentionPeriod", 1), 1),
        "minimum capacity": (scaling.get("MinCapacity"), settings.min_acu),
        "maximum capacity": (scaling.get("MaxCapacity"), settings.max_acu),
        "auto-pause": (scaling.get("SecondsUntilAutoPause"), None),
    }
    return tuple(
        f"{name} is {found}, not {wanted}" for name, (found, wanted) in facts.items() if found != wanted
    )


def _key_id(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _wait_for_login(login: Login, database: str, cluster_id: str) -> None:
    def opens() -> bool | None:
        try:
            connect_once(login, database).close()
        except DatabaseError as error:
            # 28P01 is the old password still in force; a broken connection is a server still starting.
            if error.sqlstate == "28P01" or error.is_transient:
                return None
            raise
        return True

    wait_for(
        opens,
        resource=f"cluster {cluster_id}",
        waiting_for="open to the new master password",
        timeout_s=LOGIN_TIMEOUT_S,
        remedy="Check that the task's security group may reach the clone's, and the CA bundle.",
    )
