"""Calls of RDS: a call demands its action on each resource that it names.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.html
"""

from __future__ import annotations

from deployments.localaws.iam.demands.kms import via_service
from deployments.localaws.iam.demands.request_tags import (
    removed_tag_keys,
    request_tags,
    resource_tags,
    tags_of,
)
from deployments.localaws.iam.evaluation import Demand
from deployments.localaws.iam.facts import Facts
from deployments.localaws.wire import Request

_KINDS = {
    "DBClusterIdentifier": "cluster",
    "SourceDBClusterIdentifier": "cluster",
    "DBInstanceIdentifier": "db",
    "DBClusterSnapshotIdentifier": "cluster-snapshot",
    "SourceDBClusterSnapshotIdentifier": "cluster-snapshot",
    "TargetDBClusterSnapshotIdentifier": "cluster-snapshot",
    "SnapshotIdentifier": "cluster-snapshot",
    "FinalDBSnapshotIdentifier": "cluster-snapshot",
    "DBSnapshotIdentifier": "snapshot",
    "DBClusterParameterGroupName": "cluster-pg",
    "DBParameterGroupName": "pg",
    "DBSubnetGroupName": "subgrp",
    "OptionGroupName": "og",
    "ResourceName": "",
    "ResourceArn": "",
    "SourceArn": "",
}
_TAG_KEYS = {
    "cluster": "rds:cluster-tag",
    "db": "rds:db-tag",
    "cluster-snapshot": "rds:cluster-snapshot-tag",
    "cluster-pg": "rds:cluster-pg-tag",
    "pg": "rds:pg-tag",
    "subgrp": "rds:subgrp-tag",
}
#: What a list is of where the call names nothing.
_LISTED = {
    "DescribeDBClusters": "cluster",
    "DescribeDBInstances": "db",
    "DescribeDBClusterSnapshots": "cluster-snapshot",
    "DescribeDBClusterAutomatedBackups": "cluster-auto-backup",
    "DescribeDBClusterParameterGroups": "cluster-pg",
    "DescribeDBSubnetGroups": "subgrp",
}
#: Which of the resources that a creating call names is the new one: tags are put on that.
_CREATED = {
    "CreateDBCluster": "DBClusterIdentifier",
    "CreateDBClusterSnapshot": "DBClusterSnapshotIdentifier",
    "CopyDBClusterSnapshot": "TargetDBClusterSnapshotIdentifier",
    "CreateDBInstance": "DBInstanceIdentifier",
    "RestoreDBClusterFromSnapshot": "DBClusterIdentifier",
    "RestoreDBClusterToPointInTime": "DBClusterIdentifier",
}
_RESTORES = ("RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime")
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.Keys.html
_KEY_ACTIONS = ("DescribeKey", "CreateGrant")


def demands(request: Request, facts: Facts) -> list[Demand]:
    action, given = request.action, request.parameters
    tags = tags_of(given)
    context = {**request_tags(tags)}
    if keys := removed_tag_keys(given):
        context["aws:tagkeys"] = keys
    if "ManageMasterUserPassword" in given:
        context["rds:managemasteruserpassword"] = (given["ManageMasterUserPassword"].lower(),)
    arns = {name: _arn(kind, given[name], facts) for name, kind in _KINDS.items() if given.get(name)}
    if action in _RESTORES and "OptionGroupName" not in given:
        # Aurora has no option groups of its own, but a restore checks the default one.
        major = given.get("EngineVersion", "").split(".")[0]
        arns["OptionGroupName"] = facts.arn("rds", f"og:default:aurora-postgresql-{major}")
    if action in _LISTED and not any(f":{_LISTED[action]}:" in arn for arn in arns.values()):
        arns["*"] = facts.arn("rds", f"{_LISTED[action]}:*")
    needed = [_demand(action, arn, facts, context) for arn in (arns.values() or ["*"])]
    if tags and action in _CREATED:
        needed.append(_demand("AddTagsToResource", arns[_CREATED[action]], facts, context))
    return [*needed, *_of_keys(request, arns, facts), *_of_roles(given, facts)]


def _arn(kind: str, value: str, facts: Facts) -> str:
    return value if value.startswith("arn:") or not kind else facts.arn("rds", f"{kind}:{value.lower()}")


def _demand(action: str, arn: str, facts: Facts, context: dict[str, tuple[str, ...]]) -> Demand:
    kind = arn.split(":")[5] if arn.count(":") >= 6 else ""
    prefixes = (_TAG_KEYS[kind],) if kind in _TAG_KEYS else ()
    # What another account shares shows no tags here.
    tags = facts.rds_tags(arn) if f":{facts.account}:" in arn else {}
    return Demand(
        action=f"rds:{action}",
        resource=arn,
        context={**context, **resource_tags(tags, *prefixes)},
        # A snapshot that another account shares is RDS's to open: it has no policy, only its share attribute.
        resource_account=facts.account,
    )


def _of_keys(request: Request, arns: dict[str, str], facts: Facts) -> list[Demand]:
    """The key that is named, and the one that a snapshot is encrypted with: RDS makes grants on both."""
    keys = [request.parameters.get("KmsKeyId")]
    if request.action in ("RestoreDBClusterFromSnapshot", "CopyDBClusterSnapshot", "StartExportTask"):
        for name in ("SnapshotIdentifier", "SourceDBClusterSnapshotIdentifier", "SourceArn"):
            found = facts.rds(arns.get(name, ""))
            keys.append(getattr(found, "kms_key_arn", None))
    distinct = list(dict.fromkeys(facts.key_arn(key) for key in keys if key))
    return [
        demand
        for key in distinct
        for demand in via_service("rds", _KEY_ACTIONS, key, facts, kms__grantisforawsresource=("true",))
    ]


def _of_roles(given: dict[str, str], facts: Facts) -> list[Demand]:
    """Roles that RDS will assume: ``iam:PassRole``."""
    services = {"IamRoleArn": "export.rds.amazonaws.com", "RoleArn": "rds.amazonaws.com"}
    services |= {"MonitoringRoleArn": "monitoring.rds.amazonaws.com"}
    return [
        Demand(
            action="iam:PassRole",
            resource=given[name],
            context={"iam:passedtoservice": (service,)},
        )
        for name, service in services.items()
        if given.get(name)
    ]
