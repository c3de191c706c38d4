"""The clone is private, encrypted and silent, or nothing is read from it."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.environment_files import read_environment
from contracts.environment import Environment
from tasks.aurora.clone import isolation_faults


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.delenv("REFRESH_CONFIG_ROOT", raising=False)
    return read_environment("staging")


def described(environment: Environment) -> tuple[dict[str, Any], dict[str, Any]]:
    """A clone as AWS describes it when everything is as the environment wants it."""
    settings = environment.clone
    cluster = {
        "StorageEncrypted": True,
        "KmsKeyId": settings.kms_key_id,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": group} for group in settings.security_group_ids],
        "DBClusterParameterGroup": settings.parameter_group,
        "DBSubnetGroup": settings.subnet_group,
        "BackupRetentionPeriod": 1,
        "ServerlessV2ScalingConfiguration": {
            "MinCapacity": settings.min_acu,
            "MaxCapacity": settings.max_acu,
        },
    }
    return cluster, {"PubliclyAccessible": False}


def test_a_clone_as_the_environment_wants_it_has_no_fault(environment: Environment) -> None:
    cluster, instance = described(environment)
    assert isolation_faults(cluster, instance, environment) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"StorageEncrypted": False}, "storage encryption"),
        ({"KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/other"}, "KMS key"),
        ({"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-default"}]}, "security groups"),
        ({"DBClusterParameterGroup": "default.aurora-postgresql17"}, "parameter group"),
        ({"DBSubnetGroup": "default"}, "subnet group"),
        ({"PubliclyAccessible": True}, "public access"),
        ({"EnabledCloudwatchLogsExports": ["postgresql"]}, "log exports"),
        ({"PerformanceInsightsEnabled": True}, "Performance Insights"),
        ({"HttpEndpointEnabled": True}, "Data API"),
        ({"InternetAccessGatewayEnabled": True}, "internet access gateway"),
        ({"AssociatedRoles": [{"RoleArn": "arn:aws:iam::123456789012:role/s3"}]}, "associated IAM roles"),
        ({"BackupRetentionPeriod": 7}, "backup retention"),
    ],
)
def test_whatever_opens_the_clone_is_named(
    environment: Environment, change: dict[str, Any], says: str
) -> None:
    cluster, instance = described(environment)
    (fault,) = isolation_faults(cluster | change, instance, environment)  # type: ignore[arg-type]
    assert fault.startswith(says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"MinCapacity": 0.0}, "minimum capacity"),
        ({"MaxCapacity": 128.0}, "maximum capacity"),
        ({"SecondsUntilAutoPause": 300}, "auto-pause"),
    ],
)
def test_a_clone_of_another_size_or_that_may_pause_is_named(
    environment: Environment, change: dict[str, Any], says: str
) -> None:
    cluster, instance = described(environment)
    cluster["ServerlessV2ScalingConfiguration"] |= change
    (fault,) = isolation_faults(cluster, instance, environment)  # type: ignore[arg-type]
    assert fault.startswith(says)


@pytest.mark.parametrize("change", [{"PubliclyAccessible": True}, {"PerformanceInsightsEnabled": True}])
def test_the_instance_is_looked_at_too(environment: Environment, change: dict[str, Any]) -> None:
    cluster, instance = described(environment)
    assert len(isolation_faults(cluster, instance | change, environment)) == 1  # type: ignore[arg-type]
