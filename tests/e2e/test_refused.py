"""What can't work is refused: an error that names the thing and the remedy, and nothing lost or left."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from deployments.demo.world import PARAMETER_GROUP, SOURCE_CLUSTER, TARGET_CLUSTER
from tests.e2e.conftest import Env


def unlist_a_column(env: Env) -> None:
    policy = env.policy / "policy.yaml"
    text = policy.read_text()
    assert "      date_of_birth: date_of_birth\n" in text
    policy.write_text(text.replace("      date_of_birth: date_of_birth\n", ""))


def misspell_a_masker(env: Env) -> None:
    policy = env.policy / "policy.yaml"
    policy.write_text(policy.read_text().replace("first_name: first_name", "first_name: frist_name"))


def name_a_missing_column(env: Env) -> None:
    policy = env.policy / "policy.yaml"
    policy.write_text(policy.read_text().replace("first_name: first_name", "first_nam: first_name"))


def give_a_wrong_password(env: Env) -> None:
    secret = env.world.aws.client("secretsmanager").create_secret(
        Name=f"masking/{env.name}/wrong",
        SecretString=json.dumps({"username": "master", "password": "not-the-password"}),
    )
    env.write(target={"secret": secret["ARN"]})


def give_a_short_root_key(env: Env) -> None:
    secret = env.world.aws.client("secretsmanager").create_secret(
        Name=f"masking/{env.name}/short", SecretString="00ff00ff"
    )
    env.write(masking={"root_key_secret": secret["ARN"]})


def mark_the_target_as_production(env: Env) -> None:
    rds = env.world.aws.client("rds")
    arn = rds.describe_db_clusters(DBClusterIdentifier=TARGET_CLUSTER)["DBClusters"][0]["DBClusterArn"]
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "Environment", "Value": "Production"}])


def unmark_the_target(env: Env) -> None:
    rds = env.world.aws.client("rds")
    arn = rds.describe_db_clusters(DBClusterIdentifier=TARGET_CLUSTER)["DBClusters"][0]["DBClusterArn"]
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["Environment"])


REFUSED: dict[str, tuple[Callable[[Env], object], list[str]]] = {
    "a masker that isn't one": (misspell_a_masker, ["policy.yaml:", "frist_name"]),
    "a policy line for a missing column": (name_a_missing_column, ["policy.yaml:", "first_nam"]),
    "a wrong password": (give_a_wrong_password, ["28P01", "password is wrong", "secret"]),
    "a root key under 128 bits": (give_a_short_root_key, ["128 bits", "openssl rand -hex 32"]),
    "a missing bucket": (
        lambda env: env.write(archive={"bucket": "there-is-no-such-bucket"}),
        ["there-is-no-such-bucket", "archive.bucket"],
    ),
    "a missing source": (
        lambda env: env.write(source={"cluster": "shop-nowhere"}),
        ["source cluster shop-nowhere", "`source`"],
    ),
    "a missing target": (
        lambda env: env.write(target={"cluster": "shop-nowhere"}),
        ["target cluster shop-nowhere", "`target`"],
    ),
    "a source that is the target": (
        lambda env: env.write(target={"cluster": SOURCE_CLUSTER}),
        ["same cluster", SOURCE_CLUSTER],
    ),
    "a target that is marked production": (
        mark_the_target_as_production,
        ["Environment=Production", TARGET_CLUSTER],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_by_name_with_a_remedy_and_changes_nothing(env: Env, what: str) -> None:
    break_it, says = REFUSED[what]
    before = env.fingerprint()
    databases = env.query("SELECT datname FROM pg_database ORDER BY 1", "postgres")
    try:
        break_it(env)
        done = env.refresh()
    finally:
        unmark_the_target(env)
    assert done.returncode != 0
    last = done.stderr[-3000:]
    assert [word for word in says if word not in last] == [], last
    assert env.fingerprint() == before
    assert env.query("SELECT datname FROM pg_database ORDER BY 1", "postgres") == databases
    env.write()
    assert env.leftovers() == []


def test_an_unknown_env_is_refused_with_the_known_ones(env: Env) -> None:
    done = env.run_python("-m", "flows.refresh", "--env", "production")
    assert done.returncode != 0
    assert "production" in done.stderr
    assert env.name in done.stderr


def test_an_unclassified_column_stops_the_run_before_anything_is_masked(env: Env) -> None:
    """The lines in the message, pasted into the policy, are the whole remedy."""
    before = env.fingerprint()
    unlist_a_column(env)
    refused = env.refresh()
    assert refused.returncode != 0
    for word in ("public.users", "date_of_birth:", "policy.yaml"):
        assert word in refused.stderr[-3000:]
    steps: dict[str, Any] = {
        run["name"]: run["state_name"] for run in env.prefect.flow_runs(sort="START_TIME_DESC")
    }
    assert steps[f"mask-{env.name}"] == "Failed"
    assert f"dump-{env.name}" not in steps
    assert any("in step *mask*" in message and "date_of_birth" in message for message in env.slack())
    assert env.fingerprint() == before
    assert env.leftovers() == []


def test_a_parameter_group_that_lets_the_clone_log_is_refused_by_its_parameters(env: Env) -> None:
    rds = env.world.aws.client("rds")
    group = f"talkative-{env.name}"
    family = rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=PARAMETER_GROUP)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=group,
        DBParameterGroupFamily=family["DBClusterParameterGroups"][0]["DBParameterGroupFamily"],
        Description="logs every statement",
    )
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName=group,
        Parameters=[
            {"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "pending-reboot"}
        ],
    )
    env.write(clone={"parameter_group": group})
    done = env.refresh()
    assert done.returncode != 0
    assert group in done.stderr
    assert "log_statement is all, not none" in done.stderr
    assert env.leftovers() == []
