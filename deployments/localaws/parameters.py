"""From an Aurora cluster parameter group to the settings of a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deployments.localaws.account import run_as_account, tool_environment
from deployments.localaws.binaries import Binaries

#: Aurora's own parameters that change what a client sees, with what they are by default.
AURORA_PARAMETERS = {
    "rds.logical_replication": "0",
    "rds.force_ssl": "1",
    "rds.superuser_variables": "session_replication_role",
    "rds.log_retention_period": "4320",
}
#: Decided by local AWS: a group may name them, with no effect.
_OURS = (
    "archive_command", "archive_mode", "config_file", "data_directory", "fsync", "hba_file", "listen_addresses",
    "port", "ssl", "ssl_ca_file", "ssl_cert_file", "ssl_key_file", "unix_socket_directories",
)  # fmt: skip
_CONTEXTS_OF_A_RESTART = ("postmaster",)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    context: str
    kind: str
    default: str
    description: str


@cache
def known_parameters(binaries: Binaries) -> dict[str, Parameter]:
    """PostgreSQL's own parameters, by name."""
    printed = run_as_account([binaries.tool("postgres"), "--describe-config"], environment=tool_environment())
    found = {}
    for line in printed.splitlines():
        # name, context, group, type, default, min, max, short and long description
        fields = line.split("\t")
        if len(fields) >= 8:
            name, context, _, kind, default = fields[:5]
            found[name] = Parameter(
                name=name, context=context.lower(), kind=kind.lower(), default=default, description=fields[7]
            )
    return found


def is_known(name: str, binaries: Binaries) -> bool:
    """Whether Aurora would take a parameter of this name: PostgreSQL's, Aurora's, or an extension's."""
    return name in known_parameters(binaries) or "." in name or name in AURORA_PARAMETERS


def settings_of(
    values: Mapping[str, str], *, binaries: Binaries, report: Callable[[str], None]
) -> dict[str, str]:
    """PostgreSQL settings from a group's values. What can't be honoured on this machine is reported and left out."""
    settings: dict[str, str] = {}
    for name, value in values.items():
        if name == "rds.logical_replication":
            settings["wal_level"] = "logical" if value == "1" else "replica"
        elif name == "shared_preload_libraries":
            settings[name] = ",".join(_installed(value, binaries, report))
        elif name.startswith(("rds.", "apg_", "aurora_")) or name in _OURS:
            report(f"parameter {name}: nothing to set on PostgreSQL")
        elif "{" in value or "(" in value:
            report(f"parameter {name} = {value}: formulas aren't evaluated, the default is kept")
        elif is_known(name, binaries):
            settings[name] = value
        else:
            report(f"parameter {name}: unknown to PostgreSQL {binaries.version}, left out")
    return settings


def _installed(value: str, binaries: Binaries, report: Callable[[str], None]) -> list[str]:
    directory = binaries.directory("pkglibdir")
    libraries = [name.strip() for name in value.split(",") if name.strip()]
    missing = [name for name in libraries if not _has_library(directory, name)]
    if missing:
        report(f"shared_preload_libraries: {', '.join(missing)} not installed here, left out")
    return [name for name in libraries if name not in missing]


def _has_library(directory: Path, name: str) -> bool:
    return any((directory / f"{name}{suffix}").exists() for suffix in (".so", ".dylib"))


def describe_parameters(values: Mapping[str, dict[str, Any]], *, binaries: Binaries) -> list[dict[str, Any]]:
    """All parameters as DescribeDBClusterParameters lists them: ``user`` where a value was set."""
    described = []
    for parameter in sorted(known_parameters(binaries).values(), key=lambda known: known.name):
        is_static = parameter.context in _CONTEXTS_OF_A_RESTART
        described.append(
            {
                "ParameterName": parameter.name,
                "ParameterValue": parameter.default,
                "Description": parameter.description,
                "Source": "engine-default",
                "ApplyType": "static" if is_static else "dynamic",
                "DataType": {"bool": "boolean", "real": "float"}.get(parameter.kind, parameter.kind),
                "IsModifiable": parameter.context != "internal" and parameter.name not in _OURS,
                "ApplyMethod": "pending-reboot",
                "SupportedEngineModes": ["provisioned"],
            }
        )
    for name, default in AURORA_PARAMETERS.items():
        described.append(
            {
                "ParameterName": name,
                "ParameterValue": default,
                "Source": "system",
                "ApplyType": "static" if name == "rds.logical_replication" else "dynamic",
                "DataType": "string",
                "IsModifiable": True,
                "ApplyMethod": "pending-reboot",
                "SupportedEngineModes": ["provisioned"],
            }
        )
    by_name = {parameter["ParameterName"]: parameter for parameter in described}
    for name, given in values.items():
        by_name.setdefault(name, {"ParameterName": name, "IsModifiable": True, "ApplyType": "dynamic"})
        by_name[name] |= {**given, "Source": "user"}
    return list(by_name.values())
