"""The master user's name and password: what AWS takes, and when a new password holds."""

from __future__ import annotations

import re

from deployments.localaws.clusters import Cluster, ManagedSecret
from deployments.localaws.errors import invalid_combination, invalid_value
from deployments.localaws.region import Parameters

_RESERVED_NAMES = ("admin", "rdsadmin", "rds_superuser", "rdsrepladmin", "public", "none")


def check_password(password: str | None) -> None:
    if not password:
        raise invalid_value("The parameter MasterUserPassword must be provided and must not be blank.")
    if not 8 <= len(password) <= 41:
        raise invalid_value(
            "The parameter MasterUserPassword is not a valid password because it is "
            f"{'shorter than 8' if len(password) < 8 else 'longer than 41'} characters."
        )
    if not re.fullmatch(r"[!-~]+", password) or re.search(r"[/@\"]", password):
        raise invalid_value(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
            "'/', '@', '\"', ' ' may be used."
        )


def check_username(username: str | None) -> str:
    if not username:
        raise invalid_value("The parameter MasterUsername must be provided and must not be blank.")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", username):
        raise invalid_value(f"MasterUsername {username} is not a valid name.")
    if username.lower() in _RESERVED_NAMES or username.lower().startswith("pg_"):
        raise invalid_value(
            f"MasterUsername {username} cannot be used as it is a reserved word used by the engine"
        )
    return username


def new_password(cluster: Cluster, parameters: Parameters) -> str | None:
    """Check all that concerns the master user's password; the new one, if there is to be one."""
    password = parameters.get("MasterUserPassword")
    manage = parameters.get("ManageMasterUserPassword")
    if parameters.get("RotateMasterUserPassword"):
        if not parameters.get("ApplyImmediately"):
            raise invalid_combination(
                "You must specify apply immediately when rotating the master user password."
            )
        if cluster.secret is None:
            raise invalid_combination("The master user password of this cluster isn't managed by RDS.")
        return cluster.secret.rotate()
    if password is not None:
        if manage or (cluster.secret is not None and manage is not False):
            raise invalid_combination(
                "MasterUserPassword can't be specified when ManageMasterUserPassword is enabled."
            )
        check_password(password)
    if manage and cluster.secret is None:
        cluster.secret = ManagedSecret(cluster, parameters.get("MasterUserSecretKmsKeyId"))
        return cluster.secret.password
    if manage is False and cluster.secret is not None:
        if password is None:
            raise invalid_combination(
                "MasterUserPassword must be specified to turn off ManageMasterUserPassword."
            )
        cluster.secret.delete()
        cluster.secret = None
    return None if password is None else str(password)


def reset_password(cluster: Cluster, password: str) -> None:
    """For a while the cluster is available with the old password, then it's resetting, then the new one holds."""
    jobs = cluster.region.host.jobs
    jobs.wait(jobs.least_s)
    while True:
        jobs.wait_until(lambda: cluster.status in ("available", "deleting", "stopped"))
        with jobs.lock:
            if cluster.status != "available":
                return
            cluster.status = "resetting-master-credentials"
            break

    def finish() -> None:
        cluster.pending.pop("MasterUserPassword", None)
        activate_secret(cluster)

    jobs.change(
        cluster, "resetting-master-credentials", lambda: cluster.set_password(password), finish=finish
    )


def activate_secret(cluster: Cluster) -> None:
    if cluster.secret is not None:
        cluster.secret.status = "active"
