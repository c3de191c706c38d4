"""The e-mail sub-key gets to an application through the secret store, and overwrites nothing there."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from prefect_aws import AwsClientParameters, AwsCredentials

from blocks.environment_files import read_environment
from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import AwsError, ConfigurationError, PreconditionFailed
from contracts.naming import RunKey
from deployments.localaws import LocalAws
from masking.keys import MaskingKeys
from tasks.secrets.reading import read_masking_keys, read_run_keys
from tasks.secrets.sub_key import store_sub_key

ROOT = "9c1d5e0f7ab34826d1e94f6085b3c27ae6047d9a3b5f1c8802d4b6e9715a3f0c"


@pytest.fixture
def store(aws: LocalAws) -> Any:
    return aws.client("secretsmanager")


@pytest.fixture
def block(aws: LocalAws, store: Any) -> RefreshEnvironment:
    """An env whose root key is there."""
    name = f"root-{uuid.uuid4().hex}"
    store.create_secret(Name=name, SecretString=ROOT)
    credentials = AwsCredentials(
        region_name=aws.region,
        aws_access_key_id=aws.account_id,
        aws_secret_access_key="local",
        aws_client_parameters=AwsClientParameters(endpoint_url=aws.endpoint_url),
    )
    environment = read_environment("staging")
    masking = environment.masking.model_copy(update={"root_key_secret": name})
    return RefreshEnvironment(
        environment=environment.model_copy(update={"masking": masking}),
        source_credentials=credentials,
        target_credentials=credentials,
    )


def with_root_key(block: RefreshEnvironment, secret: str) -> RefreshEnvironment:
    masking = block.environment.masking.model_copy(update={"root_key_secret": secret})
    environment = block.environment.model_copy(update={"masking": masking})
    return block.model_copy(update={"environment": environment})


def rotating(block: RefreshEnvironment) -> RefreshEnvironment:
    masking = block.environment.masking.model_copy(update={"rotate": True})
    environment = block.environment.model_copy(update={"masking": masking})
    return block.model_copy(update={"environment": environment})


def test_the_sub_key_is_stored_once_and_no_other(store: Any, block: RefreshEnvironment) -> None:
    name = f"application-{uuid.uuid4().hex}"
    store.create_secret(Name=name)
    store_sub_key(block, "email", secret_id=name)
    stored = store.get_secret_value(SecretId=name)["SecretString"]
    assert bytes.fromhex(stored) == MaskingKeys.from_text(ROOT).sub_key("email")
    store_sub_key(block, "email", secret_id=name)
    with pytest.raises(PreconditionFailed, match="holds something already"):
        store_sub_key(block, "ssn", secret_id=name)
    assert store.get_secret_value(SecretId=name)["SecretString"] == stored


def test_a_root_key_is_not_overwritten(store: Any, block: RefreshEnvironment) -> None:
    name = str(block.environment.masking.root_key_secret)
    with pytest.raises(PreconditionFailed) as caught:
        store_sub_key(block, "email", secret_id=name)
    assert ROOT[:8] not in str(caught.value)
    assert store.get_secret_value(SecretId=name)["SecretString"] == ROOT


def test_a_secret_that_is_not_there_is_not_made(block: RefreshEnvironment) -> None:
    with pytest.raises(AwsError, match="nowhere"):
        store_sub_key(block, "email", secret_id="nowhere")


def test_an_env_whose_keys_rotate_has_none_to_give(block: RefreshEnvironment) -> None:
    with pytest.raises(ConfigurationError, match="rotate: false"):
        store_sub_key(rotating(block), "email", secret_id="any")


def test_a_rotated_key_is_a_runs_own_in_all_its_attempts(block: RefreshEnvironment) -> None:
    one, other = (RunKey(env="staging", flow_run_id=uuid.uuid4()) for _ in range(2))
    assert read_run_keys(block, one) == read_run_keys(block, other) == MaskingKeys.from_text(ROOT)
    found = rotating(block)
    assert read_run_keys(found, one) == read_run_keys(found, one) == MaskingKeys.from_text(ROOT).of_run(one)
    assert read_run_keys(found, one) != read_run_keys(found, other)


@pytest.mark.parametrize("content", [{"SecretString": ROOT[:30]}, {"SecretBinary": bytes.fromhex(ROOT)}])
def test_a_root_key_that_cannot_be_used_is_named_by_its_secret_and_not_shown(
    store: Any, block: RefreshEnvironment, content: dict[str, Any]
) -> None:
    name = f"weak-{uuid.uuid4().hex}"
    store.create_secret(Name=name, **content)
    with pytest.raises(ConfigurationError, match=f"secret {name}: it (has 120 bits|is binary)") as caught:
        read_masking_keys(with_root_key(block, name))
    assert ROOT[:4] not in repr(caught.value)
    assert caught.value.__suppress_context__
