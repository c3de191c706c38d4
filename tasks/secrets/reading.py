"""The one door to secrets: a reference in the environment file becomes a value at the moment of use.

Behind it are two stores, AWS Secrets Manager and Vault. Nothing here keeps a value: a password is read for each
connection, so a secret that was rotated while a run is under way is the new one from the next connection on.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import ConfigurationError, PreconditionFailed
from contracts.login import Login
from contracts.naming import RunKey
from contracts.secret_reference import SecretReference, VaultSecret
from masking.keys import MaskingKeys
from tasks.secrets.secrets_manager import read_aws_secret
from tasks.secrets.vault import read_vault_secret


def read_secret(block: RefreshEnvironment, reference: SecretReference) -> SecretStr:
    """The text of a secret that the env names, as its store has it now."""
    if not isinstance(reference, VaultSecret):
        return read_aws_secret(block.target_credentials, reference)
    settings = block.environment.vault
    assert settings is not None, "an environment that names a secret in Vault has a `vault` section"
    return read_vault_secret(
        settings,
        reference,
        read_secret_id=lambda: read_aws_secret(block.target_credentials, settings.secret_id_secret),
    )


def login_of_secret(
    read: Callable[[], SecretStr], *, resource: str, host: str, port: int, ca_bundle: Path
) -> Login:
    """The login in a secret of RDS's shape, ``{"username": …, "password": …}``. ``read`` is asked at each connection.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """
    username, _ = _user_and_password(read(), resource)

    def password() -> SecretStr:
        found, current = _user_and_password(read(), resource)
        if found != username:
            raise PreconditionFailed(
                "it names another user than when this step began, who doesn't own what this one made",
                resource=resource,
                remedy="Rotate the password and keep the user. Start the refresh again.",
            )
        return current

    return Login(host=host, port=port, username=username, password=password, ca_bundle=ca_bundle)


def read_masking_keys(block: RefreshEnvironment) -> MaskingKeys:
    """The env's root key of masking: at least 128 random bits, as hex or base64.

    Raises:
        ConfigurationError: it is too short, repeats itself, or is no key at all. Neither it nor a part of it is shown.
    """
    return _keys_in(block, block.environment.masking.root_key_secret)


def read_run_keys(block: RefreshEnvironment, run: RunKey) -> MaskingKeys:
    """The keys that a run masks with: the env's, or its own where they rotate."""
    keys = read_masking_keys(block)
    return keys.of_run(run) if block.environment.masking.rotate else keys


def read_signing_keys(block: RefreshEnvironment) -> MaskingKeys:
    """The keys that the env's verdicts are signed with: of a secret of its own, where it has one, else the root key's.

    Raises:
        ConfigurationError: as :func:`read_masking_keys`.
    """
    settings = block.environment.masking
    return _keys_in(block, settings.signing_key_secret or settings.root_key_secret)


def _keys_in(block: RefreshEnvironment, reference: SecretReference) -> MaskingKeys:
    text = read_secret(block, reference).get_secret_value()
    try:
        return MaskingKeys.from_text(text)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, resource=f"secret {reference}", remedy=error.remedy) from None


def _user_and_password(secret: SecretStr, resource: str) -> tuple[str, SecretStr]:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        fields = json.loads(secret.get_secret_value())
        return str(fields["username"]), SecretStr(str(fields["password"]))
    # Outside of a handler: the parser's own error holds the text, and would stay on this one as its context.
    raise ConfigurationError(
        "it isn't JSON with username and password",
        resource=resource,
        remedy='Store {"username": "…", "password": "…"} in it.',
    )
