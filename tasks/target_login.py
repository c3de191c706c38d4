"""The login of the target cluster: its endpoint as AWS says it now, its secret as the secret store holds it now."""

from __future__ import annotations

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import PreconditionFailed
from contracts.login import Login
from tasks.aurora.describe import describe_cluster
from tasks.secrets.reading import login_of_secret, read_secret

# Tag keys that people mark stages with, and what says production: such a cluster is never a target.
_STAGE_TAGS = frozenset({"environment", "env", "stage", "tier"})
_PRODUCTION = frozenset({"production", "prod", "live", "prd"})


def target_login(block: RefreshEnvironment) -> Login:
    """How the target's master user connects.

    Raises:
        PreconditionFailed: there is no such cluster, it has no instance, or its tags call it production.
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
    return login_of_secret(
        lambda: read_secret(block, target.secret),
        resource=f"secret {target.secret}",
        host=found["Endpoint"],
        port=found["Port"],
        ca_bundle=target.ca_bundle,
    )
