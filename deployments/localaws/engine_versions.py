"""The versions of Aurora PostgreSQL that this machine can stand in for."""

from __future__ import annotations

from functools import cache
from typing import Any

from deployments.localaws.errors import invalid_combination
from deployments.localaws.host import majors_here

ENGINE = "aurora-postgresql"

#: Oldest first; the last is what a bare major means.
#: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/AuroraPostgreSQL.Updates.html
_VERSIONS = {
    13: ("13.20", "13.21", "13.22"),
    14: ("14.17", "14.18", "14.19"),
    15: ("15.12", "15.13", "15.14"),
    16: ("16.8", "16.9", "16.10"),
    17: ("17.4", "17.5", "17.6", "17.7"),
    18: ("18.1",),
}


@cache
def versions_here() -> tuple[str, ...]:
    """The preferred major's versions first."""
    return tuple(version for major in majors_here() for version in _VERSIONS.get(major, ()))


def resolve_version(asked: str | None) -> str:
    """A full version from what a call names: nothing, ``17`` or ``17.5``."""
    if asked is None:
        major = versions_here()[0].split(".")[0]
        return _VERSIONS[int(major)][-1]
    if asked in versions_here():
        return asked
    matching = [version for version in versions_here() if version.split(".")[0] == asked]
    if not matching:
        raise invalid_combination(
            f"Cannot find version {asked} for {ENGINE} (on this machine: {', '.join(versions_here())})"
        )
    return matching[-1]


def check_minor_version(asked: str, current: str) -> str:
    """The version that a cluster of ``current`` is to have; only its minor may differ."""
    version = resolve_version(asked)
    if major_of(version) != major_of(current):
        raise invalid_combination(
            f"Local AWS doesn't upgrade from {current} to {version}: only minor versions may differ."
        )
    return version


def major_of(version: str) -> int:
    return int(version.split(".", maxsplit=1)[0])


def family_of(version: str) -> str:
    return f"{ENGINE}{major_of(version)}"


def describe_versions(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """``DBEngineVersions`` of DescribeDBEngineVersions."""
    if parameters.get("Engine") not in (None, ENGINE):
        return []
    wanted = parameters.get("EngineVersion")
    versions = [v for v in versions_here() if wanted is None or v == wanted or v.split(".")[0] == wanted]
    if parameters.get("DefaultOnly"):
        versions = [resolve_version(None)]
    if family := parameters.get("DBParameterGroupFamily"):
        versions = [version for version in versions if family_of(version) == family]
    return [
        {
            "Engine": ENGINE,
            "MajorEngineVersion": str(major_of(version)),
            "EngineVersion": version,
            "DBParameterGroupFamily": family_of(version),
            "DBEngineDescription": "Aurora PostgreSQL",
            "DBEngineVersionDescription": f"Aurora PostgreSQL (Compatible with PostgreSQL {version})",
            "ValidUpgradeTarget": [],
            "ExportableLogTypes": ["instance", "postgresql"],
            "SupportsLogExportsToCloudwatchLogs": True,
            "SupportsReadReplica": False,
            "SupportedEngineModes": ["provisioned"],
            "SupportedFeatureNames": ["s3Import", "s3Export", "Lambda"],
            "Status": "available",
            "SupportsParallelQuery": False,
            "SupportsGlobalDatabases": True,
            "SupportsBabelfish": True,
            "SupportsCertificateRotationWithoutRestart": True,
            "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1", "rds-ca-ecc384-g1"],
            "ServerlessV2FeaturesSupport": {"MinCapacity": 0, "MaxCapacity": 256},
        }
        for version in sorted(versions, key=lambda v: tuple(map(int, v.split("."))))
    ]
