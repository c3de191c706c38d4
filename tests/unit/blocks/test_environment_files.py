"""An env is one file; what contradicts itself or another file is refused, by name and with a remedy."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ruamel.yaml import YAML

from blocks import register
from blocks.config_root import CHECKOUT
from blocks.environment_files import (
    check_against_each_other,
    environment_names,
    read_environment,
    read_environments,
)
from blocks.refresh_environment import make_block
from contracts.environment import environment_json_schema
from contracts.errors import ConfigurationError, EnvironmentInvalid
from contracts.naming import RunKey

EXAMPLE = CHECKOUT / "deployments" / "environments" / "staging.yaml"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of environment files, in a config root of its own."""
    monkeypatch.setenv("REFRESH_CONFIG_ROOT", str(tmp_path))
    environments = tmp_path / "deployments" / "environments"
    environments.mkdir(parents=True)
    return environments


def write(folder: Path, env: str, **changes: dict[str, Any]) -> None:
    content = YAML(typ="safe").load(EXAMPLE.read_text())
    for section, fields in changes.items():
        content[section] = {**content[section], **fields}
    with (folder / f"{env}.yaml").open("w") as file:
        YAML(typ="safe").dump(content, file)


def test_the_files_stems_are_the_envs(folder: Path) -> None:
    write(folder, "staging")
    write(folder, "dev", target={"cluster": "shop-dev"})
    assert environment_names() == ("dev", "staging")
    assert read_environment("staging").name == "staging"


def test_the_shipped_examples_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFRESH_CONFIG_ROOT")
    environments = read_environments()
    assert {"dev", "staging"} <= {environment.name for environment in environments}
    check_against_each_other(environments)


def test_an_unknown_env_is_refused_with_the_known_ones(folder: Path) -> None:
    write(folder, "staging")
    with pytest.raises(EnvironmentInvalid, match=r"env 'prod'.*known envs: staging"):
        read_environment("prod")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"target": {"cluster": "shop-production"}},
            "source and target are the same cluster, shop-production",
        ),
        ({"target": {"is_production": True}}, "marked production"),
        ({"target": {"aws": {"region": "us-east-1"}}}, "restored in its own region"),
        ({"target": {"databse": "shop"}}, r"target\.databse"),
        ({"clone": {"min_acu": 32}}, "min_acu is greater"),
        ({"archive": {"bucket": "Not_A_Bucket"}}, r"archive\.bucket"),
        ({"source": {"cluster": "double--hyphen"}}, r"source\.cluster"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(folder: Path, changes: Any, says: str) -> None:
    write(folder, "staging", **changes)
    with pytest.raises(EnvironmentInvalid, match=says):
        read_environment("staging")


SHARING = {
    "aws": {"region": "eu-west-1", "assume_role_arn": "arn:aws:iam::999900001111:role/copy"},
    "share": {"kms_key_id": "arn:aws:kms:eu-west-1:999900001111:key/1", "with_account": "123456789012"},
}


def test_production_may_be_an_account_of_its_own(folder: Path) -> None:
    write(folder, "staging", source=SHARING)
    assert make_block(read_environment("staging")).source_credentials.assume_role_arn


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"aws": {"region": "eu-west-1"}}, r"needs `aws\.assume_role_arn`"),
        ({"share": {"kms_key_id": "alias/share"}}, r"kms_key_id"),
        ({"share": {"kms_key_id": "arn:aws:kms:us-east-1:999900001111:key/1"}}, "isn't in eu-west-1"),
        (
            {"share": {"kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1"}},
            "a key of the account that it",
        ),
        ({"share": {"with_account": "222233334444"}}, "the clone's key is of 123456789012"),
        ({"share": {"with_account": "all"}}, "with_account"),
    ],
)
def test_a_share_that_contradicts_itself_is_refused(folder: Path, changes: Any, says: str) -> None:
    share = {**SHARING["share"], **changes.get("share", {})}
    write(folder, "staging", source={**SHARING, **changes, "share": share})
    with pytest.raises(EnvironmentInvalid, match=says):
        read_environment("staging")


def test_two_envs_with_one_target_are_refused(folder: Path) -> None:
    write(folder, "staging")
    write(folder, "qa")
    with pytest.raises(EnvironmentInvalid, match="same target as env 'qa'"):
        read_environment("qa")


def test_a_target_that_is_another_envs_source_is_refused(folder: Path) -> None:
    write(folder, "staging")
    write(folder, "dev", source={"cluster": "crm-production"}, target={"cluster": "shop-production"})
    with pytest.raises(EnvironmentInvalid, match="the source of env 'staging'"):
        read_environment("dev")


def test_a_target_that_is_the_source_of_a_file_with_a_typo_is_refused(folder: Path) -> None:
    write(folder, "staging", archive={"buckt": "x"})
    write(folder, "dev", source={"cluster": "crm-production"}, target={"cluster": "shop-production"})
    with pytest.raises(EnvironmentInvalid, match="the source of env 'staging'"):
        read_environment("dev")


def test_broken_yaml_is_refused_with_line_and_column(folder: Path) -> None:
    (folder / "staging.yaml").write_text("source:\n  cluster: [\n")
    with pytest.raises(EnvironmentInvalid, match=r"line \d+, column \d+"):
        read_environment("staging")


def test_another_envs_broken_file_is_no_obstacle(folder: Path) -> None:
    write(folder, "staging")
    (folder / "broken.yaml").write_text("[")
    assert read_environment("staging").name == "staging"
    with pytest.raises(EnvironmentInvalid, match="broken"):
        read_environments()


def test_editors_get_a_schema_of_the_file_not_of_the_model() -> None:
    schema = environment_json_schema()
    assert "name" not in schema["properties"]
    assert "target" in schema["required"]
    json.dumps(schema)


VAULT = {
    "address": "https://vault.example.com:8200",
    "role_id": "refresh-staging",
    "secret_id_secret": "refresh/staging/secret-id",
}


def write_with_vault(folder: Path, **changes: Any) -> None:
    """An env whose target's login is in Vault."""
    write(folder, "staging", target={"secret": {"vault": "shop-staging/master"}})
    path = folder / "staging.yaml"
    content = YAML(typ="safe").load(path.read_text())
    vault = {**VAULT, **changes}
    if vault["address"]:
        content["vault"] = vault
    with path.open("w") as file:
        YAML(typ="safe").dump(content, file)


def test_a_secret_is_in_secrets_manager_or_in_vault_each_for_itself(folder: Path) -> None:
    write_with_vault(folder)
    found = read_environment("staging")
    assert str(found.target.secret) == "shop-staging/master"
    assert str(found.masking.root_key_secret).startswith("arn:aws:secretsmanager:")
    assert found.vault is not None
    assert found.vault.mount == "secret"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"address": ""}, "a secret is in Vault, and no `vault` section says which"),
        ({"address": "http://vault.example.com:8200"}, "vault.address: String should match pattern '.https"),
        ({"address": "https://role:secret@vault"}, "vault.address"),
        ({"secret_id": "hunter2"}, "vault.secret_id: Extra inputs are not permitted"),
    ],
)
def test_a_vault_that_is_not_said_or_not_safe_is_refused(
    folder: Path, changes: dict[str, str], fault: str
) -> None:
    write_with_vault(folder, **changes)
    with pytest.raises(EnvironmentInvalid, match=fault) as caught:
        read_environment("staging")
    assert "hunter2" not in str(caught.value)


def test_an_env_with_a_vault_is_not_registered_where_its_client_is_not_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_with_vault(folder)
    monkeypatch.setitem(sys.modules, "hvac", None)
    assert register.main(["staging"]) == 1
    assert "uv sync --frozen --extra vault" in capsys.readouterr().err


def test_a_run_whose_vault_has_no_client_here_ends_before_it_asks_for_anything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.preflight import preflight

    write_with_vault(folder)
    monkeypatch.setitem(sys.modules, "hvac", None)
    block = make_block(read_environment("staging"))
    with pytest.raises(ConfigurationError, match="uv sync --frozen --extra vault"):
        preflight.fn(block, RunKey(env="staging", flow_run_id=uuid4()))


@pytest.mark.parametrize("ways", [{"secret": None}, {"iam_user": "refresh"}])
def test_a_target_is_logged_in_to_in_one_way(folder: Path, ways: dict[str, Any]) -> None:
    write(folder, "staging", target=ways)
    with pytest.raises(EnvironmentInvalid, match="name either `secret` or `iam_user`"):
        read_environment("staging")


def test_a_mask_job_needs_a_key_that_its_verdict_is_checked_with(folder: Path) -> None:
    write(folder, "staging", masking={"deployment": "mask/mask"})
    with pytest.raises(ConfigurationError, match="signing_key_secret"):
        read_environment("staging")
