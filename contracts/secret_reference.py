"""Where a secret is kept: its name in AWS Secrets Manager, or its path in Vault. Never the secret itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: An ARN or a name in AWS Secrets Manager.
SecretName = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
_VaultPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", max_length=1024)
]


class VaultSecret(BaseModel):
    """A secret in Vault's key-value store (version 2)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vault: _VaultPath = Field(
        description="Path of the secret within the mount, without `data/`: shop-staging/master."
    )
    field: str | None = Field(
        default=None,
        min_length=1,
        description="Which of its fields; without one, its only field, or all of them as one JSON object.",
    )

    def __str__(self) -> str:
        return f"{self.vault} (field {self.field})" if self.field else self.vault


SecretReference = SecretName | VaultSecret


class VaultSettings(BaseModel):
    """The Vault server of an env, and the AppRole that a refresh logs in with.

    https://developer.hashicorp.com/vault/docs/auth/approle
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(
        pattern=r"^https://[^/?#@\s]+$", description="For example https://vault.example.com:8200. TLS only."
    )
    ca_bundle: Path | None = Field(
        default=None, description="PEM file with the authority of its certificate; without it, the system's."
    )
    namespace: str | None = Field(default=None, min_length=1, description="Namespace of Vault Enterprise.")
    mount: _VaultPath = Field(
        default="secret", description="Where the key-value store, version 2, is mounted."
    )
    approle_mount: _VaultPath = Field(default="approle", description="Where the AppRole method is mounted.")
    role_id: str = Field(min_length=1, description="The AppRole's role_id: a name, and no secret.")
    secret_id_secret: SecretName = Field(
        description="Secrets Manager ARN or name of the AppRole's secret_id, which opens all the others."
    )
