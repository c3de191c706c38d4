"""What can be known before anything is made: a run that can't end well ends here."""

from __future__ import annotations

from prefect import get_run_logger, task

from blocks.config_root import policy_directory
from blocks.refresh_environment import RefreshEnvironment
from blocks.vault_extra import check_vault_client
from contracts.errors import PreconditionFailed
from contracts.naming import RunKey
from contracts.sharing import check_accounts, way_across
from tasks.aurora.describe import describe_cluster
from tasks.aurora.snapshots import check_source
from tasks.aws import aws_errors, client
from tasks.mask_job import check_deployment
from tasks.policy_files import check_approved, read_policy
from tasks.postgres.target_check import check_target
from tasks.secrets.reading import read_masking_keys, read_signing_keys
from tasks.target_login import target_login
from tasks.transient import REPEATABLE


@task(**REPEATABLE)
def preflight(block: RefreshEnvironment, run: RunKey) -> str:
    """Raise now what would otherwise be raised in an hour: a bad policy, secret, bucket, source or target.

    Returns the policy's digest.
    """
    environment = block.environment
    check_vault_client(environment)
    policy = read_policy(policy_directory(environment.policy_name))
    check_approved(environment, policy)
    if environment.masking.deployment:
        check_deployment(environment.masking.deployment)  # whose role alone reads the root key
    else:
        read_masking_keys(block)
    read_signing_keys(block)
    _check_bucket(block)
    check_source(block.source_credentials, environment.source)
    _check_clusters(block)
    check_target(target_login(block), environment.target.database, run)
    return policy.digest


def _check_bucket(block: RefreshEnvironment) -> None:
    bucket = block.environment.archive.bucket
    with aws_errors(
        f"archive bucket {bucket}",
        doing="looking at it",
        remedy="Check `archive.bucket` in the environment's file, and the role's access to it.",
    ):
        client(block.target_credentials, "s3").head_bucket(Bucket=bucket)


def _check_clusters(block: RefreshEnvironment) -> None:
    """The source isn't the target, and a snapshot of it can get to the target's account; says how."""
    source = describe_cluster(block.source_credentials, block.environment.source.cluster)
    target = describe_cluster(block.target_credentials, block.environment.target.cluster)
    if source is None or target is None:
        return  # each has a check of its own, which says so
    if source["DBClusterArn"] == target["DBClusterArn"]:
        raise PreconditionFailed(
            "it is the source as well: a refresh would overwrite production",
            resource=f"target cluster {block.environment.target.cluster}",
            remedy="Name the dev or staging cluster as `target`.",
        )
    check_accounts(
        block.environment,
        source_arn=source["DBClusterArn"],
        target_arn=target["DBClusterArn"],
        is_source_encrypted=source.get("StorageEncrypted", False),
    )
    if way := way_across(block.environment):
        get_run_logger().info("Production is an account of its own: %s", way)
