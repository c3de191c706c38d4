"""The login of the target cluster: its endpoint as AWS says it now, its secret as its store holds it now, or IAM."""

from __future__ import annotations

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import PreconditionFailed
from contracts.login import Login
from tasks.aurora.describe import describe_cluster
from tasks.aurora.iam_login import iam_login
from tasks.secrets.reading import login_of_secret, read_secret

# Tag keys that people mark stages with, and what says production: such a cluster is never a target.
_STAGE_TAGS = frozenset({"environment", "env", "stage", "tier"})
_PRODUCTION = frozenset({"production", "prod", "live", "prd"})


def target_login(block: RefreshEnvironment) -> Login:
    """How the target's master user connects, or the user who logs in by IAM.

    Raises:
        PreconditionFailed: there is no such cluster, it has no instance, its tags call it production, or IAM
            database authentication is wanted and isn't enabled.
    """
    target = block.environment.target
    resource = f"target cluster {target.cluster}"
    found = describe_cluster(block.target_credentials, target.cluster)
    if found is None or not found.get("DBClusterMembers"):
        raise PreconditionFailed(
            "there is no such cluster with an instance",
            resource=resource,
            remedy="Check `target` in the environment's file, its account and region.",
        )
    for tag in found.get("TagList", []):
        key, value = tag.get("Key", "").lower(), tag.get("Value", "").lower()
        if key in _STAGE_TAGS and value in _PRODUCTION:
            raise PreconditionFailed(
                f"its tag {tag.get('Key')}={tag.get('Value')} marks it as production, so it is never refreshed",
                resource=resource,
                remedy="Name the dev or staging cluster as `target`.",
            )
    if target.iam_user is not None:
        if not found.get("IAMDatabaseAuthenticationEnabled"):
            raise PreconditionFailed(
                "IAM database authentication isn't enabled, and the environment names an `iam_user`",
                resource=resource,
                remedy="Enable it: aws rds modify-db-cluster --enable-iam-database-authentication. Or name a `secret`.",
            )
        return iam_login(
            block.target_credentials,
            username=target.iam_user,
            host=found["Endpoint"],
            port=found["Port"],
            ca_bundle=target.ca_bundle,
        )
    secret = target.secret
    assert secret is not None
    return login_of_secret(
        lambda: read_secret(block, secret),
        resource=f"secret {secret}",
        host=found["Endpoint"],
        port=found["Port"],
        ca_bundle=target.ca_bundle,
    )
