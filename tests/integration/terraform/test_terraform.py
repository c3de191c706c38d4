"""The Terraform modules are valid, promise what they say, and come and go on local AWS without drift.

Where terraform isn't installed, or can't have its provider, these are reported as not run. The slow ones run by ``make
terraform`` alone. ``TF_PLUGIN_MIRROR`` names a directory with the provider, for machines that can't reach a registry.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.localaws import LocalAws
from deployments.terraform.policy_templates import render

TERRAFORM = Path(__file__).parents[3] / "deployments" / "terraform"
ACCOUNT = "333344445555"
PRODUCTION, STAGING = "444455556666", "555566667777"
DIRECTORIES = ("modules/refresh", "modules/production", "examples/one-account", "examples/production-apart")
slow = pytest.mark.skipif(
    os.environ.get("TERRAFORM") != "all", reason="NOT RUN: takes minutes; `make terraform` runs it"
)
# The provider downloads and unpacks itself; its own calls take their time too.
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("terraform")]

_MIRROR = """
provider_installation {{
  filesystem_mirror {{
    path = "{path}"
  }}
}}
"""
# Local AWS has buckets as paths, and no metadata service.
_PROVIDER = """
provider "aws" {
  s3_use_path_style       = true
  skip_metadata_api_check = true
}
"""
_TWO_PROVIDERS = """
provider "aws" {{
  alias                   = "production"
  access_key              = "{production}"
  secret_key              = "local"
  s3_use_path_style       = true
  skip_metadata_api_check = true
}}

provider "aws" {{
  alias                   = "staging"
  access_key              = "{staging}"
  secret_key              = "local"
  s3_use_path_style       = true
  skip_metadata_api_check = true
}}
"""


class Terraform:
    """A copy of the modules, in which terraform may leave what it likes."""

    def __init__(self, directory: Path, executable: str) -> None:
        self.root = directory / "terraform"
        self._executable = executable
        shutil.copytree(TERRAFORM, self.root, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if mirror := os.environ.get("TF_PLUGIN_MIRROR"):
            configuration = directory / "terraform.rc"
            configuration.write_text(_MIRROR.format(path=mirror))
            self._environment["TF_CLI_CONFIG_FILE"] = str(configuration)

    def run(self, where: str, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [self._executable, f"-chdir={self.root / where}", *arguments],
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def init(self, where: str) -> None:
        try:
            self.run(where, "init", "-backend=false", "-no-color", "-input=false")
        except AssertionError as error:
            if "Failed to query available provider packages" not in str(error):
                raise
            pytest.skip("NOT RUN: terraform can't reach its registry; name a mirror by TF_PLUGIN_MIRROR")


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    executable = shutil.which("terraform")
    if executable is None:
        pytest.skip("NOT RUN: terraform isn't installed")
    return Terraform(tmp_path_factory.mktemp("terraform"), executable)


def test_it_is_formatted(terraform: Terraform) -> None:
    terraform.run(".", "fmt", "-check", "-recursive", "-diff")


def test_the_module_keeps_its_promises(terraform: Terraform) -> None:
    """modules/refresh/tests, against a mock of the provider."""
    terraform.init("modules/refresh")
    answer = terraform.run("modules/refresh", "test", "-no-color")
    assert ", 0 failed." in answer


@slow
@pytest.mark.parametrize("directory", DIRECTORIES)
def test_it_is_valid(terraform: Terraform, directory: str) -> None:
    terraform.init(directory)
    terraform.run(directory, "validate", "-no-color")


@pytest.fixture(scope="module")
def applied(terraform: Terraform, local_aws: LocalAws) -> Iterator[dict[str, Any]]:
    """Outputs of ``examples/one-account``, applied to an account of local AWS, and destroyed at the end."""
    where = "examples/one-account"
    ec2 = local_aws.client("ec2", account_id=ACCOUNT)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    group = ec2.create_security_group(GroupName="target", Description="target", VpcId=vpc)["GroupId"]
    key = local_aws.client("kms", account_id=ACCOUNT).create_key()["KeyMetadata"]["Arn"]
    (terraform.root / where / "local_override.tf").write_text(_PROVIDER)
    (terraform.root / where / "terraform.tfvars.json").write_text(
        json.dumps(
            {
                "region": local_aws.region,
                "vpc_id": vpc,
                "private_subnet_ids": subnets,
                "target_security_group_id": group,
                "source_key_arn": key,
                "archive_bucket": "refresh-terraform-archives",
                "image": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/refresh@sha256:{'0' * 64}",
                "developer_principal_arns": [f"arn:aws:iam::{ACCOUNT}:root"],
            }
        )
    )
    environment = {
        "AWS_ENDPOINT_URL": local_aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": local_aws.region,
    }
    terraform.init(where)
    terraform.run(where, "apply", "-auto-approve", "-no-color", "-input=false", **environment)
    outputs = json.loads(terraform.run(where, "output", "-json", **environment))
    yield {**{name: output["value"] for name, output in outputs.items()}, "environment": environment}
    terraform.run(where, "destroy", "-auto-approve", "-no-color", "-input=false", **environment)
    assert local_aws.client("iam", account_id=ACCOUNT).list_roles()["Roles"] == []
    assert local_aws.client("s3", account_id=ACCOUNT).list_buckets()["Buckets"] == []


@slow
def test_what_was_applied_does_not_drift(terraform: Terraform, applied: dict[str, Any]) -> None:
    plan = ("plan", "-detailed-exitcode", "-no-color", "-input=false")
    terraform.run("examples/one-account", *plan, **applied["environment"])  # 2 would be a change


@slow
def test_terraform_renders_the_policies_that_are_tried_on_local_aws(
    local_aws: LocalAws, applied: dict[str, Any]
) -> None:
    values = applied["policy_values"]["staging"]
    rendered = {name: json.loads(text) for name, text in applied["policies"].items()}
    for name in ("task-aurora", "task-data"):
        assert rendered[f"task/{name}/staging"] == render(name, values)
    for name in ("mask", "developer"):
        assert rendered[f"{name}/{name}/staging"] == render(name, values)
    iam = local_aws.client("iam", account_id=ACCOUNT)
    attached = iam.list_attached_role_policies(RoleName="refresh-task")["AttachedPolicies"]
    assert {policy["PolicyName"] for policy in attached} == {
        "refresh-task-aurora-staging",
        "refresh-task-data-staging",
    }


@slow
def test_no_value_of_a_secret_is_made(local_aws: LocalAws, applied: dict[str, Any]) -> None:
    manager = local_aws.client("secretsmanager", account_id=ACCOUNT)
    secrets = manager.list_secrets()["SecretList"]
    assert {secret["Name"] for secret in secrets} == {
        "refresh/prefect",
        "refresh/staging/root-key",
        "refresh/staging/slack",
        "refresh/staging/target",
    }
    for secret in secrets:
        with pytest.raises(manager.exceptions.ResourceNotFoundException):
            manager.get_secret_value(SecretId=secret["ARN"])


@slow
def test_a_clone_has_no_egress(local_aws: LocalAws, applied: dict[str, Any]) -> None:
    (identifier,) = applied["environments"]["staging"]["clone"]["security_group_ids"]
    ec2 = local_aws.client("ec2", account_id=ACCOUNT)
    (group,) = ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"]
    assert group["IpPermissionsEgress"] == []
    (ingress,) = group["IpPermissions"]
    (source,) = ingress["UserIdGroupPairs"]
    assert (ingress["FromPort"], ingress["IpRanges"]) == (5432, [])
    assert source["GroupId"] == applied["pool"]["security_group_ids"][0]


@slow
def test_production_and_staging_apart_are_applied_do_not_drift_and_are_destroyed(
    terraform: Terraform, local_aws: LocalAws
) -> None:
    where = "examples/production-apart"
    ec2 = local_aws.client("ec2", account_id=STAGING)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    key = local_aws.client("kms", account_id=PRODUCTION).create_key()["KeyMetadata"]["Arn"]
    (terraform.root / where / "local_override.tf").write_text(
        _TWO_PROVIDERS.format(production=PRODUCTION, staging=STAGING)
    )
    (terraform.root / where / "terraform.tfvars.json").write_text(
        json.dumps(
            {
                "region": local_aws.region,
                "vpc_id": vpc,
                "private_subnet_ids": [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]],
                "target_security_group_id": ec2.create_security_group(
                    GroupName="target", Description="target", VpcId=vpc
                )["GroupId"],
                "source_key_arn": key,
                "archive_bucket": "refresh-terraform-archives-apart",
                "image": f"{STAGING}.dkr.ecr.eu-west-1.amazonaws.com/refresh@sha256:{'0' * 64}",
            }
        )
    )
    environment = {"AWS_ENDPOINT_URL": local_aws.endpoint_url, "AWS_REGION": local_aws.region}
    terraform.init(where)
    terraform.run(where, "apply", "-auto-approve", "-no-color", "-input=false", **environment)
    outputs = json.loads(terraform.run(where, "output", "-json", **environment))
    assert outputs["production_role_arn"]["value"].startswith(f"arn:aws:iam::{PRODUCTION}:role/")
    (role,) = local_aws.client("iam", account_id=PRODUCTION).list_roles()["Roles"]
    assert f"arn:aws:iam::{STAGING}:" in json.dumps(role["AssumeRolePolicyDocument"])
    terraform.run(where, "plan", "-detailed-exitcode", "-no-color", "-input=false", **environment)
    terraform.run(where, "destroy", "-auto-approve", "-no-color", "-input=false", **environment)
    for account in (PRODUCTION, STAGING):
        assert local_aws.client("iam", account_id=account).list_roles()["Roles"] == []
    assert local_aws.client("s3", account_id=STAGING).list_buckets()["Buckets"] == []
