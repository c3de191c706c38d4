"""The ``RefreshEnvironment`` block: one env with the AWS credentials of its accounts."""

from __future__ import annotations

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect_aws import AwsClientParameters, AwsCredentials
from pydantic import Field

from contracts.environment import AwsAccount, Environment
from contracts.errors import ConfigurationError

# Adaptive retries slow down when RDS throttles, which it does to accounts that poll much.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
CLIENT_CONFIG = {
    "retries": {"mode": "adaptive", "max_attempts": 10},
    "connect_timeout": 10,
    "read_timeout": 60,
}


class RefreshEnvironment(Block):
    """One env, as its file in ``deployments/environments/`` says. Holds names and ARNs of secrets, never a secret.

    Example:
        ```python
        from blocks.refresh_environment import load_environment

        staging = load_environment("staging")
        staging.environment.target.database
        ```
    """

    _block_type_name = "Refresh Environment"
    _block_type_slug = "refresh-environment"
    _description = "Source, target, clone, archive and masking of one env."

    environment: Environment = Field(description="What the env's file says.")
    source_credentials: AwsCredentials = Field(description="The account of the production cluster.")
    target_credentials: AwsCredentials = Field(
        description="The account of the clone, the archive and the target."
    )


def make_block(environment: Environment) -> RefreshEnvironment:
    """The block of an env, not saved."""
    return RefreshEnvironment(
        environment=environment,
        source_credentials=_credentials(environment.source.aws),
        target_credentials=_credentials(environment.target.aws),
    )


def load_environment(env: str) -> RefreshEnvironment:
    """The saved block of ``env``.

    Raises:
        ConfigurationError: no such block is registered.
    """
    try:
        loaded = RefreshEnvironment.load(env)
    except ValueError:
        raise ConfigurationError(
            "there is no RefreshEnvironment block of that name on this Prefect server",
            resource=f"env {env!r}",
            remedy="Register the environment files: python -m blocks.register",
        ) from None
    assert isinstance(loaded, RefreshEnvironment)
    return loaded


def registered_environment_names() -> tuple[str, ...]:
    """The envs that have a block on this Prefect server, sorted; those whose file is gone are among them."""
    with get_client(sync_client=True) as client:
        documents = client.read_block_documents_by_type(RefreshEnvironment.get_block_type_slug())
    return tuple(sorted(document.name for document in documents if document.name))


def _credentials(account: AwsAccount) -> AwsCredentials:
    return AwsCredentials(
        region_name=account.region,
        assume_role_arn=account.assume_role_arn,
        aws_client_parameters=AwsClientParameters(endpoint_url=account.endpoint_url, config=CLIENT_CONFIG),
    )
