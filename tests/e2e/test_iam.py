"""The roles' policies are enough, and no more than that.

A refresh and a sweep run as the task role. Without any one action of any Allow, the scenario that needs it is refused
and its run is red. And what no role may do is denied, by category. ``make iam`` tries every action; without
``IAM_DROPS=all`` a share of them is tried, another one after each change of the policies.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from contracts.naming import RunKey
from contracts.ownership import Ownership
from deployments.demo.world import BUCKET
from deployments.terraform.policy_templates import (
    MANAGED_POLICY_MAX,
    POLICIES,
    TASK_LOGIN_POLICY,
    TASK_POLICIES,
    Policy,
    allowed_actions,
    render,
    without,
)
from tests.e2e.conftest import Env
from tests.e2e.forbidden_calls import FORBIDDEN, FORBIDDEN_TO_OTHERS, Forbidden
from tests.e2e.iam_roles import (
    IAM_USER,
    Identity,
    delete_leftovers,
    encrypt_secrets,
    login_by_iam,
    policy_values,
)
from tests.e2e.role_scenarios import SCENARIOS, prepare
from tests.fix_prefect import CHECKOUT

#: What a sweep can't do without. A refresh asks some of it too, for its report, but isn't failed by what that lacks.
BY_SWEEP = {
    "rds:DescribeDBClusterAutomatedBackups",
    "secretsmanager:ListSecrets",
    "s3:ListBucketMultipartUploads",
    "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging",
    "s3:DeleteObjectVersion",
    "s3:ListBucketVersions",
    "s3:AbortMultipartUpload",
}
_DEPENDS_ON = (
    *(f"{folder}/**/*.py" for folder in ("flows", "tasks", "blocks", "contracts", "deployments/localaws")),
    "deployments/terraform/policies/task-*.tftpl",
    "tests/e2e/*iam*.py",
)
WITH_LOGIN = (*TASK_POLICIES, TASK_LOGIN_POLICY)
RESULTS = CHECKOUT / ".iam" / "results.json"


@cache
def sources_digest() -> str:
    """Of all that the answers depend on: with another digest, earlier results say nothing."""
    digest = hashlib.sha256()
    for pattern in _DEPENDS_ON:
        for path in sorted(CHECKOUT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def policies_digest() -> str:
    """Of the policies alone, so that a change of anything else tries the same share of them as before it."""
    rendered = [render(name, _anything(name)) for name in WITH_LOGIN]
    return hashlib.sha256(json.dumps(rendered, sort_keys=True).encode()).hexdigest()[:16]


def _anything(policy: str) -> dict[str, str]:
    """A value for each placeholder of a template."""
    text = (POLICIES / f"{policy}.json.tftpl").read_text()
    return dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "x")


def drops() -> list[tuple[str, str, str]]:
    """(policy, Sid, action) of each Allow of the task role, or a share of them."""
    everything = [
        (name, *pair) for name in WITH_LOGIN for pair in allowed_actions(render(name, _anything(name)))
    ]
    wanted = os.environ.get("IAM_DROPS", "2")
    if wanted == "all":
        return everything
    return random.Random(policies_digest()).sample(everything, int(wanted))


@dataclass
class Setting:
    """One env, the task role, and its policies as they are meant to be."""

    env: Env
    role: Identity
    values: dict[str, str]
    policies: dict[str, Policy] = field(default_factory=dict)

    def refresh(self) -> subprocess.CompletedProcess[str]:
        with self.env.world.aws.iam.enforced():
            return self.env.refresh(**self.role.environment)

    def sweep(self) -> subprocess.CompletedProcess[str]:
        """The janitor, with half an archive, a whole unfinished upload and a run that nobody knows before it."""
        s3 = self.env.world.aws.client("s3")
        run = RunKey(env=self.env.name, flow_run_id=uuid4())
        expired = datetime.now(UTC) - timedelta(days=2)
        tags = Ownership(env=self.env.name, flow_run_id=run.flow_run_id, expires_at=expired).tags()
        home = f"refresh/{self.env.name}/{self.env.database}/{run.key}/"
        s3.put_object(
            Bucket=BUCKET,
            Key=f"{home}toc.dat",
            Body=b"half an archive",
            Tagging="&".join(f"{key}={value}" for key, value in tags.items()),
        )
        s3.create_multipart_upload(Bucket=BUCKET, Key=f"{home}4001.dat.zst")
        with self.env.world.aws.iam.enforced():
            return self.env.run_python("-m", "flows.janitor", **self.role.environment)


@pytest.fixture(scope="module")
def setting(envs: Any) -> Iterator[Setting]:
    """An env whose clone, archive and secrets have a key of their own, apart from the source's. Its target is logged in
    to by IAM.

    The bucket has its policy too. Nobody but roles is held to it.
    """
    env: Env = envs()
    aws = env.world.aws
    key = aws.client("kms").create_key(Description="of the env")["KeyMetadata"]["Arn"]
    write(env, key)
    encrypt_secrets(env.world, key)
    values = policy_values(env.world, env.name, key)
    policies = {name: render(name, values) for name in WITH_LOGIN}
    bucket_policy = json.dumps(render("archive-bucket", values))
    aws.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy)
    role = Identity(aws, f"task-{env.name}", list(policies.values()))
    with login_by_iam(env.world):
        yield Setting(env=env, role=role, values=values, policies=policies)
    delete_leftovers(aws, env.name)
    aws.client("s3").delete_bucket_policy(Bucket=BUCKET)
    env.forget()


def test_the_whole_refresh_and_a_sweep_run_as_the_task_role(setting: Setting) -> None:
    """Every action that the policies allow was used by one of them."""
    aws = setting.env.world.aws
    before = setting.env.fingerprint()
    done = setting.refresh()
    assert (done.returncode, aws.iam.denials) == (0, ()), done.stderr
    assert setting.env.fingerprint() != before
    used = {action for action, _ in aws.iam.demanded}
    swept = setting.sweep()
    assert (swept.returncode, aws.iam.denials) == (0, ()), swept.stderr
    assert "deleted incomplete upload" in swept.stdout
    used |= {action for action, _ in aws.iam.demanded}
    allowed = {action for policy in setting.policies.values() for _, action in allowed_actions(policy)}
    assert used - {"sts:GetCallerIdentity"} == allowed


def write(env: Env, key: str, *, login_by_secret: bool = False) -> None:
    """The env's file, whose target is logged in to by IAM, or by its secret."""
    login = (
        {"secret": env.world.secrets["target"]} if login_by_secret else {"secret": None, "iam_user": IAM_USER}
    )
    env.write(target=login, clone={"kms_key_id": key}, archive={"kms_key_id": key})


@pytest.mark.parametrize(("policy", "sid", "action"), drops())
def test_without_one_action_the_run_is_refused_and_red(
    setting: Setting, policy: str, sid: str, action: str
) -> None:
    aws, name = setting.env.world.aws, f"{sid} {action}"
    known = _results()
    if known.get(name):
        return
    kept = {**setting.policies, policy: without(setting.policies[policy], sid, action)}
    setting.role.attach(list(kept.values()))
    # By IAM nothing but Slack's webhook is read there, and a refresh ends well where Slack isn't told.
    write(setting.env, setting.values["key_arn"], login_by_secret=sid == "ReadSecrets")
    try:
        done = setting.sweep() if action in BY_SWEEP else setting.refresh()
    finally:
        setting.role.attach(list(setting.policies.values()))
        write(setting.env, setting.values["key_arn"])
        delete_leftovers(aws, setting.env.name)
    assert done.returncode == 1, f"it went well without {name}"
    # A refused call can have others after it, in the cleanup: the first is the one.
    assert {denial.action for denial in aws.iam.denials} == {action}, done.stderr
    assert "Traceback" not in done.stderr.splitlines()[-1]
    if action not in BY_SWEEP:
        assert setting.env.runs()[0]["state"]["type"] == "FAILED"
    _keep(name, {"denied": aws.iam.denials[0].resource, "said": done.stderr.strip().splitlines()[-1][:300]})


def _results() -> dict[str, Any]:
    """What ``make iam`` found before, with these very sources: it can be stopped, and goes on where it was."""
    if os.environ.get("IAM_DROPS") != "all" or not RESULTS.exists():
        return {}
    kept = json.loads(RESULTS.read_text())
    found: dict[str, Any] = kept["drops"] if kept["sources"] == sources_digest() else {}
    return found


def _keep(name: str, result: dict[str, str]) -> None:
    if os.environ.get("IAM_DROPS") == "all":
        RESULTS.parent.mkdir(exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        found = {**_results(), name: {**result, "at": now}}
        git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True)
        kept = {"sources": sources_digest(), "commit": git.stdout.strip(), "drops": found}
        RESULTS.write_text(json.dumps(kept, indent=1))


def test_the_bucket_denies_the_task_role_calls_without_tls_and_objects_under_another_key(
    setting: Setting,
) -> None:
    aws, s3, env = setting.env.world.aws, setting.role.client("s3"), setting.env.name
    written: dict[str, Any] = {"Bucket": BUCKET, "Key": f"refresh/{env}/x", "Body": b"x"}
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": setting.values["source_key_arn"]}
    aws.iam.is_secure_transport = False
    try:
        with aws.iam.enforced(), pytest.raises(ClientError):
            s3.put_object(**written)
    finally:
        aws.iam.is_secure_transport = True
    assert "resource-based policy" in aws.iam.denials[0].reason
    with aws.iam.enforced(), pytest.raises(ClientError):
        s3.put_object(**written, **encrypted)
    assert "resource-based policy" in aws.iam.denials[0].reason
    with aws.iam.enforced():
        s3.put_object(**written)  # names no key, as the parts of an upload: it gets the bucket's


def test_a_policy_fits_into_a_managed_policy(setting: Setting) -> None:
    for name, policy in setting.policies.items():
        size = len(json.dumps(policy, separators=(",", ":")))
        assert size <= MANAGED_POLICY_MAX, name


def test_no_allow_has_a_wildcard_for_its_actions() -> None:
    for path in POLICIES.glob("*.tftpl"):
        name = path.name.removesuffix(".json.tftpl")
        for sid, action in allowed_actions(render(name, _anything(name))):
            # A key's policy has to leave the account in charge, or nobody can change it again.
            assert "*" not in action or (name, sid) == ("share-key", "AccountDecides"), (name, sid)


@pytest.mark.parametrize("call", FORBIDDEN, ids=repr)
def test_the_task_role_is_denied_what_is_not_its_work(setting: Setting, call: Forbidden) -> None:
    assert _is_denied(setting, setting.role, call)


@pytest.fixture(scope="module")
def others(setting: Setting) -> dict[str, Identity]:
    """The other roles: each with the policy that Terraform gives it."""
    aws, env = setting.env.world.aws, setting.env.name
    prepare(aws, setting.values)
    return {name: Identity(aws, f"{name}-{env}", [render(name, setting.values)]) for name in SCENARIOS}


@pytest.mark.parametrize(("role", "call"), FORBIDDEN_TO_OTHERS, ids=repr)
def test_another_role_is_denied_what_is_not_its_work(
    setting: Setting, others: dict[str, Identity], role: str, call: Forbidden
) -> None:
    assert _is_denied(setting, others[role], call)


@pytest.mark.parametrize("role", SCENARIOS)
def test_another_role_has_what_its_work_needs_and_no_action_more(
    setting: Setting, others: dict[str, Identity], role: str
) -> None:
    aws, identity, policy = setting.env.world.aws, others[role], render(role, setting.values)
    with aws.iam.enforced():
        SCENARIOS[role](identity, setting.values, aws)
    try:
        for sid, action in allowed_actions(policy):
            identity.attach([without(policy, sid, action)])
            with aws.iam.enforced(), pytest.raises(ClientError):
                SCENARIOS[role](identity, setting.values, aws)
            assert [denial.action for denial in aws.iam.denials] == [action], sid
    finally:
        identity.attach([policy])


def _is_denied(setting: Setting, role: Identity, call: Forbidden) -> bool:
    """Whether the call ended in a denial: by IAM, not because something isn't there."""
    aws = setting.env.world.aws
    with aws.iam.enforced():
        method = getattr(role.client(call.service), call.method)
        with pytest.raises(Exception, match=r"AccessDenied|KMSKeyNotAccessible|Forbidden|403"):
            method(**call.filled(setting.values))
        return len(aws.iam.denials) == 1
