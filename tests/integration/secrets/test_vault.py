"""A secret in Vault is read at the moment of use by an AppRole; what can't be had is one error that shows none."""

from __future__ import annotations

import json
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from contracts.errors import SecretUnreadable
from contracts.secret_reference import VaultSecret, VaultSettings
from tasks.secrets import vault
from tasks.secrets.vault import read_vault_secret
from tests.fix_vault import VaultServer

PASSWORD = "correct-horse-battery"


@dataclass(kw_only=True)
class Role:
    """An AppRole of one test, which may read what is below a path of its own."""

    server: VaultServer
    name: str
    settings: VaultSettings
    secret_ids: list[str] = field(default_factory=list)
    #: How many times the role's secret_id was asked for: once for each login.
    logins: int = 0

    def read(self, path: str, field: str | None = None) -> str:
        def secret_id() -> SecretStr:
            self.logins += 1
            return SecretStr(self.secret_ids[-1])

        secret = VaultSecret(vault=f"{self.name}/{path}", field=field)
        return read_vault_secret(self.settings, secret, read_secret_id=secret_id).get_secret_value()

    def put(self, path: str, **fields: str) -> None:
        self.server.put(f"{self.name}/{path}", **fields)

    def refusal(self, path: str, field: str | None = None) -> SecretUnreadable:
        with pytest.raises(SecretUnreadable) as caught:
            self.read(path, field)
        # As Prefect keeps it: with its causes and their texts.
        shown = "".join(traceback.format_exception(caught.value))
        assert not [secret for secret in (*self.secret_ids, PASSWORD) if secret in shown]
        assert "hvac.exceptions" not in shown
        return caught.value


@pytest.fixture
def role(vault_server: VaultServer) -> Role:
    return make_role(vault_server)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "_PAUSES_S", (0.01, 0.01))


def make_role(server: VaultServer, **limits: str | int) -> Role:
    name = f"r{uuid.uuid4().hex[:8]}"
    role_id, secret_id = server.let_role_read(f"{name}/*", role=name, **limits)
    return Role(server=server, name=name, settings=server.settings(role_id), secret_ids=[secret_id])


def test_a_field_is_read_and_without_one_the_only_field_or_all_as_json(role: Role) -> None:
    role.put("login", username="master", password=PASSWORD)
    role.put("key", value="abc")
    assert role.read("login", "password") == PASSWORD
    assert role.read("key") == "abc"
    assert json.loads(role.read("login")) == {"username": "master", "password": PASSWORD}


def test_every_read_is_of_the_current_version_and_takes_one_login_for_all(role: Role) -> None:
    for password in (PASSWORD, "another"):
        role.put("login", password=password)
        assert role.read("login") == password
    assert role.logins == 1


def test_a_token_is_renewed_before_it_ends_and_replaced_after(
    vault_server: VaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = make_role(vault_server, token_ttl="1h", token_max_ttl="24h")
    role.put("login", password=PASSWORD)
    hours = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + hours[0] * 3600, sleep=time.sleep)
    monkeypatch.setattr(vault, "time", clock)

    def is_renewed() -> bool:
        token = vault_server.admin.auth.token.lookup(vault._tokens[role.settings].text)["data"]
        return "last_renewal" in token

    role.read("login")
    hours[0] += 0.5
    role.read("login")
    assert not is_renewed()
    hours[0] += 0.25
    role.read("login")
    assert is_renewed()
    assert role.logins == 1
    hours[0] += 2
    role.read("login")
    assert not is_renewed()
    assert role.logins == 2


def test_a_token_that_can_be_renewed_no_more_is_replaced(vault_server: VaultServer) -> None:
    role = make_role(vault_server, token_ttl="2s", token_max_ttl="3s")
    role.put("login", password=PASSWORD)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        assert role.read("login") == PASSWORD
        time.sleep(0.1)
    assert role.logins >= 2


def test_a_token_that_was_revoked_is_replaced(role: Role) -> None:
    role.put("login", password=PASSWORD)
    role.read("login")
    role.server.revoke_tokens()
    assert role.read("login") == PASSWORD
    assert role.logins == 2


def test_a_secret_id_that_was_rotated_is_read_anew_at_the_next_login(role: Role) -> None:
    role.put("login", password=PASSWORD)
    role.read("login")
    role.server.admin.auth.approle.destroy_secret_id(role_name=role.name, secret_id=role.secret_ids[0])
    role.server.revoke_tokens()
    assert "Put a secret_id that is valid into secret vault/secret-id" in str(role.refusal("login"))
    role.secret_ids.append(role.server.new_secret_id(role.name))
    assert role.read("login") == PASSWORD


def test_a_namespace_has_secrets_and_roles_of_its_own(vault_server: VaultServer) -> None:
    import hvac

    name = f"team-{uuid.uuid4().hex[:8]}"
    vault_server.admin.write_data(f"sys/namespaces/{name}", data={})
    admin = hvac.Client(
        url=vault_server.address,
        token=vault_server.admin.token,
        namespace=name,
        verify=str(vault_server.ca_bundle),
    )
    admin.sys.enable_auth_method("approle", path="ci/approle")
    admin.sys.enable_secrets_engine("kv", path="team/kv", options={"version": "2"})
    admin.secrets.kv.v2.create_or_update_secret(
        path="login", secret={"password": PASSWORD}, mount_point="team/kv"
    )
    admin.sys.create_or_update_policy(name="all", policy='path "team/kv/data/*" { capabilities = ["read"] }')
    approle = admin.auth.approle
    approle.create_or_update_approle("refresh", token_policies=["all"], mount_point="ci/approle")
    settings = vault_server.settings(
        approle.read_role_id("refresh", mount_point="ci/approle")["data"]["role_id"],
        namespace=name,
        mount="team/kv",
        approle_mount="ci/approle",
    )
    secret_id = SecretStr(
        approle.generate_secret_id("refresh", mount_point="ci/approle")["data"]["secret_id"]
    )
    admin.adapter.close()

    found = read_vault_secret(settings, VaultSecret(vault="login"), read_secret_id=lambda: secret_id)
    assert found.get_secret_value() == PASSWORD


def test_what_the_role_may_not_read_says_which_policy_is_wanting(role: Role) -> None:
    other = make_role(role.server)
    other.put("login", password=PASSWORD)
    role.name = other.name
    error = role.refusal("login")
    assert f"secret {other.name}/login in Vault {role.server.address}" in str(error)
    assert "`read` on secret/data/" in error.remedy
    assert not error.is_transient


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_path_that_holds_nothing_is_named(role: Role, is_deleted: bool) -> None:
    if is_deleted:
        role.put("nowhere", password=PASSWORD)
        role.server.admin.secrets.kv.v2.delete_latest_version_of_secret(path=f"{role.name}/nowhere")
    error = role.refusal("nowhere")
    assert f"secret {role.name}/nowhere" in str(error)
    assert "there is no such secret" in str(error)


def test_a_field_that_is_not_there_is_named(role: Role) -> None:
    role.put("login", password=PASSWORD)
    assert "it has no field 'user'" in str(role.refusal("login", "user"))


def test_a_certificate_that_is_not_of_the_named_authority_is_refused(role: Role, tmp_path: Path) -> None:
    role.settings = role.settings.model_copy(update={"ca_bundle": None})
    error = role.refusal("login")
    assert "its certificate isn't accepted" in str(error)
    assert not error.is_transient
    role.settings = role.settings.model_copy(update={"ca_bundle": tmp_path / "nowhere.pem"})
    assert "Check `vault.ca_bundle`" in str(role.refusal("login"))


def test_a_server_that_is_not_there_may_be_there_later(role: Role) -> None:
    role.settings = role.settings.model_copy(update={"address": "https://127.0.0.1:1"})
    error = role.refusal("login")
    assert "it can't be reached" in str(error)
    assert error.is_transient


@pytest.fixture
def sealed(role: Role) -> Iterator[Callable[[], None]]:
    """Seals the server when it is called. Unsealed again afterwards: the file's other tests use it too."""
    key = role.server.log.read_text().split("Unseal Key:")[1].split()[0]
    yield role.server.admin.sys.seal
    role.server.admin.sys.submit_unseal_key(key)


def test_a_sealed_server_is_said_to_be_sealed(role: Role, sealed: Callable[[], None]) -> None:
    role.put("login", password=PASSWORD)
    role.read("login")
    sealed()
    error = role.refusal("login")
    assert "Vault is sealed" in str(error)
    assert error.is_transient
