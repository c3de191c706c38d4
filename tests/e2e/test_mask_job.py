"""Masking as a job of its own: the mask role has the clone alone, and the refresh no root key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deployments.terraform.policy_templates import TASK_POLICIES, render, without
from tests.e2e.conftest import REFRESH_TIMEOUT_S, Env
from tests.e2e.iam_roles import Identity, delete_leftovers, encrypt_secrets, policy_values
from tests.fix_prefect import Daemon

# World, deployment and worker are started within the first test's time.
pytestmark = pytest.mark.timeout(2 * REFRESH_TIMEOUT_S + 120)
POOL = "refresh-mask"
DEPLOY = ("deploy", "--all", "--no-prompt", "--prefect-file", "deployments/mask/prefect.yaml")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An env whose file names the deployment, a task role that may not read the root key, and a worker that may."""

    env: Env
    task: Identity


@pytest.fixture(scope="module")
def setting(envs: Any, prefect_worker: Callable[..., Daemon]) -> Iterator[Setting]:
    env: Env = envs()
    aws = env.world.aws
    encrypt_secrets(env.world, env.world.kms_key_arn)
    signing_key = aws.client("secretsmanager").create_secret(
        Name=f"masking/{env.name}/signing-key",
        SecretString=secrets.token_hex(32),
        KmsKeyId=env.world.kms_key_arn,
    )["ARN"]
    env.write(masking={"deployment": "mask/mask", "signing_key_secret": signing_key})
    values = policy_values(env.world, env.name, env.world.kms_key_arn) | {
        "signing_key_secret_arn": signing_key
    }
    signing = render("signing", values)
    policies = {name: render(name, values) for name in TASK_POLICIES}
    policies["task-data"] = without(policies["task-data"], "ReadRootKey", "secretsmanager:GetSecretValue")
    task = Identity(aws, f"task-{env.name}", [*policies.values(), signing])
    mask = Identity(aws, f"mask-{env.name}", [render("mask", values), signing])
    env.prefect.create_process_pool(POOL)
    env.cli(*DEPLOY)
    worker = prefect_worker(POOL, environment=env.process_environment | mask.environment)
    yield Setting(env=env, task=task)
    worker.stop()
    delete_leftovers(aws, env.name)
    env.forget()


def mask_run(env: Env) -> dict[str, Any]:
    """The newest run of the deployment, which a refresh of the env began."""
    found = env.prefect.flow_runs(
        deployments={"id": {"any_": [env.prefect.deployment("mask/mask")["id"]]}}, sort="START_TIME_DESC"
    )
    run: dict[str, Any] = found[0]
    assert run["parameters"]["run"]["env"] == env.name
    return run


def test_the_clone_is_masked_by_the_mask_role_for_a_refresh_that_cannot_read_the_root_key(
    setting: Setting,
) -> None:
    env, iam = setting.env, setting.env.world.aws.iam
    with iam.enforced():
        done = env.refresh(**setting.task.environment)
    assert (done.returncode, iam.denials) == (0, ()), done.stderr
    assert env.query("SELECT count(*) FROM users WHERE ssn LIKE 'XXX-XX-%'") == [(3000,)]
    run = mask_run(env)
    assert run["state_name"] == "Completed"
    assert run["work_pool_name"] == POOL
    key = env.run_key()
    assert run["parameters"]["run"]["flow_run_id"] == str(key.flow_run_id)
    assert [left for left in env.leftovers(archive_of=key) if key.key in left.identifier] == []


def test_what_is_handed_over_holds_names_and_no_secret(setting: Setting) -> None:
    handed = mask_run(setting.env)["parameters"]
    assert handed.keys() == {"run", "restored"}
    assert handed["restored"]["secret_arn"].startswith("arn:aws:secretsmanager:")
    assert "password" not in json.dumps(handed)
    assert setting.env.prefect.holding([setting.env.world.root_key]) == []


def test_the_page_of_the_refresh_shows_the_mask_run_as_one_of_its_steps(setting: Setting) -> None:
    refresh = setting.env.runs()[0]["id"]
    steps = setting.env.prefect.flow_runs(flow_runs={"parent_flow_run_id": {"any_": [refresh]}})
    assert mask_run(setting.env)["id"] in {step["id"] for step in steps}


def test_a_mask_run_that_fails_fails_the_refresh_with_its_reason(setting: Setting) -> None:
    env = setting.env
    before = env.fingerprint()
    (env.policy / "policy.yaml").write_text("tables: {}\n")
    done = env.refresh()
    assert done.returncode == 1
    assert "mask run of mask/mask: it ended as Failed" in done.stderr
    assert "tables or columns have no rule" in done.stderr
    assert any("in step *mask*" in text for text in env.slack())
    assert env.fingerprint() == before
    assert mask_run(env)["state_name"] == "Failed"
