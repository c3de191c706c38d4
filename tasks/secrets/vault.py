"""The text of a secret in Vault, as it is now: key-value store version 2, by a token that an AppRole logs in for.

One token per Vault and role is kept in this process. It is renewed when two thirds of its life are over, and where
that is refused (its longest life is reached, it was revoked), the role logs in anew.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 · https://developer.hashicorp.com/vault/docs/auth/approle
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from contracts.errors import SecretUnreadable
from contracts.secret_reference import VaultSecret, VaultSettings
from tasks.quiet import withhold_bodies

if TYPE_CHECKING:
    import hvac

_TIMEOUT_S = 10
#: Between tries, where the same call may pass later: a run of hours needn't end for a server that restarts.
_PAUSES_S = (1.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class _Token:
    text: str = field(repr=False)
    renew_at: float
    """By ``time.monotonic``; infinite for a token without an end."""
    ends_at: float


_tokens: dict[VaultSettings, _Token] = {}
_lock = threading.Lock()


def read_vault_secret(
    settings: VaultSettings, secret: VaultSecret, *, read_secret_id: Callable[[], SecretStr]
) -> SecretStr:
    """The current version of ``secret``. ``read_secret_id`` is asked at each login, and only then.

    Raises:
        SecretUnreadable: there is no such secret or field, the role may not read it, or Vault can't be asked.
    """
    resource = f"secret {secret} in Vault {settings.address}"
    data = _read_patiently(settings, secret, read_secret_id, resource)
    if secret.field is None:
        value = next(iter(data.values())) if len(data) == 1 else data
    elif secret.field in data:
        value = data[secret.field]
    else:
        raise SecretUnreadable(
            f"it has no field {secret.field!r}",
            resource=resource,
            remedy="Name one of its fields in the environment's file, or put the field into Vault.",
        )
    return SecretStr(value if isinstance(value, str) else json.dumps(value))


def _read_patiently(
    settings: VaultSettings, secret: VaultSecret, read_secret_id: Callable[[], SecretStr], resource: str
) -> dict[str, Any]:
    pauses = iter(_PAUSES_S)
    while True:
        try:
            with _vault_errors(resource, settings, doing="reading it"):
                return _read(settings, secret, read_secret_id)
        except SecretUnreadable as error:
            pause_s = next(pauses, None)
            if not error.is_transient or pause_s is None:
                raise
            time.sleep(pause_s)


def _read(
    settings: VaultSettings, secret: VaultSecret, read_secret_id: Callable[[], SecretStr]
) -> dict[str, Any]:
    import hvac

    token, is_new = _token(settings, read_secret_id)
    try:
        return _read_with(settings, secret, token)
    except hvac.exceptions.Forbidden:
        if is_new:
            raise
    # The token that was kept may have been revoked; Vault says no more than this to either.
    _forget(settings, token)
    token, _ = _token(settings, read_secret_id)
    return _read_with(settings, secret, token)


def _read_with(settings: VaultSettings, secret: VaultSecret, token: str) -> dict[str, Any]:
    with _client(settings, token) as client:
        answer = client.secrets.kv.v2.read_secret_version(
            path=secret.vault, mount_point=settings.mount, raise_on_deleted_version=True
        )
    data: dict[str, Any] = answer["data"]["data"]
    return data


def _token(settings: VaultSettings, read_secret_id: Callable[[], SecretStr]) -> tuple[str, bool]:
    """A token, and whether it was made just now."""
    import hvac

    with _lock:
        kept, now = _tokens.get(settings), time.monotonic()
        if kept is not None and now < kept.renew_at:
            return kept.text, False
        if kept is not None and now < kept.ends_at:
            try:
                with _client(settings, kept.text) as client:
                    renewed = _token_of(client.auth.token.renew_self()["auth"], now)
            except hvac.exceptions.VaultError:
                pass
            else:
                # Near the longest life that it may have, a renewal adds little or nothing: time for a new one.
                if renewed.ends_at > kept.ends_at:
                    _tokens[settings] = renewed
                    return renewed.text, False
        made = _tokens[settings] = _log_in(settings, read_secret_id)
        return made.text, True


def _log_in(settings: VaultSettings, read_secret_id: Callable[[], SecretStr]) -> _Token:
    resource = f"AppRole {settings.role_id} at auth/{settings.approle_mount} of Vault {settings.address}"
    secret_id = read_secret_id().get_secret_value().strip()
    now = time.monotonic()
    with _vault_errors(resource, settings, doing="logging in"), _client(settings, "") as client:
        answer = client.auth.approle.login(
            role_id=settings.role_id,
            secret_id=secret_id,
            use_token=False,
            mount_point=settings.approle_mount,
        )
    return _token_of(answer["auth"], now)


def _token_of(answer: dict[str, Any], asked_at: float) -> _Token:
    """https://developer.hashicorp.com/vault/docs/concepts/lease: seconds, 0 for a token without an end."""
    life_s = float(answer["lease_duration"]) or float("inf")
    part = 2 / 3 if answer["renewable"] else 0.9
    return _Token(
        text=answer["client_token"], renew_at=asked_at + life_s * part, ends_at=asked_at + life_s * 0.9
    )


def _forget(settings: VaultSettings, token: str) -> None:
    with _lock:
        kept = _tokens.get(settings)
        if kept is not None and kept.text == token:
            del _tokens[settings]


@contextmanager
def _client(settings: VaultSettings, token: str) -> Iterator[hvac.Client]:
    """A client that takes nothing from VAULT_… of the process's environment."""
    import hvac

    client = hvac.Client(
        url=settings.address,
        token=token,
        namespace=settings.namespace,
        verify=str(settings.ca_bundle) if settings.ca_bundle else True,
        timeout=_TIMEOUT_S,
    )
    withhold_bodies()
    try:
        yield client
    finally:
        client.adapter.close()


@contextmanager
def _vault_errors(resource: str, settings: VaultSettings, *, doing: str) -> Iterator[None]:
    """Translate hvac's errors: what they quote is Vault's answer, which is shown to nobody."""
    import hvac
    import requests

    try:
        yield
    except hvac.exceptions.VaultError as error:
        what, remedy, is_transient = _explained(error, settings, is_login=doing == "logging in")
        raise SecretUnreadable(what, resource=resource, remedy=remedy, is_transient=is_transient) from None
    except (requests.exceptions.SSLError, OSError) as error:
        # requests' own errors are OSErrors, as is a CA bundle that isn't there.
        if isinstance(error, requests.exceptions.SSLError) or not isinstance(
            error, requests.RequestException
        ):
            what, remedy = "its certificate isn't accepted", "Check `vault.ca_bundle` and `vault.address`."
        else:
            what = "it can't be reached"
            remedy = "Check `vault.address`, the network, and the security group of the task."
        raise SecretUnreadable(
            f"{what} ({type(error).__name__})",
            resource=resource,
            remedy=remedy,
            is_transient=what == "it can't be reached",
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise SecretUnreadable(
            f"the answer isn't Vault's ({type(error).__name__})",
            resource=resource,
            remedy="Check `vault.address`, and that `vault.mount` is a key-value store of version 2.",
        ) from None


def _explained(error: Exception, settings: VaultSettings, *, is_login: bool) -> tuple[str, str, bool]:
    """What happened, what to do, and whether the same call may pass later."""
    import hvac

    refused = hvac.exceptions
    match error:
        case refused.VaultDown():
            return "Vault is sealed or in maintenance", "Unseal it: vault operator unseal.", True
        case refused.InternalServerError() | refused.BadGateway():
            return "Vault failed", "See Vault's own log.", True
        case refused.RateLimitExceeded():
            return "Vault's rate limit is reached", "Raise its quota for this path.", True
        case refused.InvalidRequest() | refused.Forbidden() if is_login:
            remedy = (
                f"Put a secret_id that is valid into secret {settings.secret_id_secret}; check `vault.role_id`,"
                " `vault.approle_mount`, `vault.namespace`, and the role's CIDR limits."
            )
            return "Vault refuses the role_id with the secret_id", remedy, False
        case refused.Forbidden():
            remedy = (
                f"Give the role a policy with `read` on {settings.mount}/data/…; check `vault.mount` and"
                " `vault.namespace`."
            )
            return "the role may not read it, or there is no such mount", remedy, False
        case refused.InvalidPath():
            remedy = "Check the path in the environment's file (without `data/`) and `vault.mount`."
            return "there is no such secret, or its current version is deleted", remedy, False
        case _:
            return f"Vault refused ({type(error).__name__})", "See Vault's audit log.", False
