"""Vault's client is an extra of the project: an env that needs it is refused where it isn't installed."""

from __future__ import annotations

from importlib.util import find_spec

from contracts.environment import Environment
from contracts.errors import ConfigurationError


def check_vault_client(environment: Environment) -> None:
    """Asked when an env is registered and before a run makes anything.

    Raises:
        ConfigurationError: the env has a Vault, and hvac isn't here. Says how to install it.
    """
    if environment.vault is not None and find_spec("hvac") is None:
        raise ConfigurationError(
            "its secrets are in Vault, and the Python package hvac isn't installed here",
            resource=f"env {environment.name!r}",
            remedy="Install the project's extra `vault`, from the lock: uv sync --frozen --extra vault",
        )
