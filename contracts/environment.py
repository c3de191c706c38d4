"""What one env is: one YAML file in ``deployments/environments/``, whose stem is its name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from contracts.arns import account_of, region_of
from contracts.naming import check_env_name
from contracts.secret_reference import SecretReference, VaultSecret, VaultSettings

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html#RDS_Limits.Constraints
ClusterIdentifier = Annotated[str, StringConstraints(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=63)]
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html, less what our own suffixes need
DatabaseName = Annotated[str, StringConstraints(min_length=1, max_length=41)]
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN
KeyArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$")
]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AwsAccount(_Model):
    """How one AWS account is reached. Credentials are the environment's own: a role, never a key in this file."""

    region: str = Field(description="For example eu-west-1.")
    assume_role_arn: str | None = Field(
        default=None, description="A role to assume first; without it, the identity that the flow runs under."
    )
    endpoint_url: str | None = Field(default=None, description="Another endpoint than AWS's own: local AWS.")


class Share(_Model):
    """How a snapshot leaves an account that is production's alone, for the target's account."""

    kms_key_id: KeyArn = Field(
        description="ARN of the customer's key, in the source's account, that shared snapshots are encrypted with. "
        "Its policy lets the target's account use it through RDS."
    )
    with_account: str = Field(
        pattern=r"^\d{12}$", description="The target's account: the only one that a snapshot is shared with."
    )


class Source(_Model):
    """The production cluster. Only described and snapshotted, never connected to."""

    cluster: ClusterIdentifier
    database: DatabaseName
    aws: AwsAccount
    keep_snapshot_days: int = Field(
        default=0,
        ge=0,
        le=35,
        description="How long the run's own snapshot is kept; 0 deletes it in cleanup.",
    )
    share: Share | None = Field(
        default=None,
        description="Where production is an account of its own; `aws.assume_role_arn` then names the role that copies "
        "and shares there.",
    )

    @model_validator(mode="after")
    def _sharing_has_its_own_role_and_key(self) -> Source:
        if self.share is None:
            return self
        if self.aws.assume_role_arn is None:
            raise ValueError(
                "`share` needs `aws.assume_role_arn`: the role that copies and shares in that account"
            )
        if region_of(self.share.kms_key_id) != self.aws.region:
            raise ValueError(
                f"`share.kms_key_id` isn't in {self.aws.region}: a snapshot's key is of its own region"
            )
        if account_of(self.share.kms_key_id) == self.share.with_account:
            raise ValueError(
                "`share.kms_key_id` is a key of the account that it is shared with: name one of the source's account"
            )
        return self


class Target(_Model):
    """The dev or staging cluster, and the database in it that a refresh replaces."""

    cluster: ClusterIdentifier
    database: DatabaseName
    aws: AwsAccount
    secret: SecretReference | None = Field(
        default=None,
        description="The master user's login, username and password: Secrets Manager ARN or name, or a path in Vault.",
    )
    iam_user: str | None = Field(
        default=None,
        min_length=1,
        max_length=63,
        description="In the secret's place: a database user who logs in by IAM, as a member of rds_iam.",
    )
    ca_bundle: Path = Field(description="PEM file with the certificate authority of the RDS endpoints.")
    is_production: bool = Field(default=False, description="Must be false: a production target is refused.")
    allow_locale_change: bool = Field(
        default=False, description="Whether encoding and locale may become the source's where they differ."
    )
    keep_previous_days: int = Field(
        default=7, ge=0, le=365, description="How long the database before is kept for a rollback."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Target:
        if (self.secret is None) == (self.iam_user is None):
            raise ValueError("name either `secret` or `iam_user`: how the target is logged in to")
        return self

    @field_validator("is_production")
    @classmethod
    def _never_production(cls, value: bool) -> bool:
        if value:
            raise ValueError("a target that is marked production is never refreshed")
        return value


class CloneSettings(_Model):
    """The temporary cluster that is masked. It lives in the target's account."""

    subnet_group: str = Field(description="DB subnet group of private subnets.")
    security_group_ids: tuple[str, ...] = Field(
        min_length=1, description="Security groups without egress; ingress from the task alone."
    )
    parameter_group: str = Field(
        description="DB cluster parameter group: no logical replication workers, nothing preloaded, terse errors."
    )
    kms_key_id: str = Field(description="ARN of the KMS key that encrypts the clone.")
    min_acu: float = Field(default=0.5, ge=0.5, le=256)
    max_acu: float = Field(default=16, ge=1, le=256)
    lifetime_hours: int = Field(
        default=12, ge=1, le=168, description="After this, the janitor may delete what a dead run left."
    )

    @model_validator(mode="after")
    def _in_order(self) -> CloneSettings:
        if self.min_acu > self.max_acu:
            raise ValueError("min_acu is greater than max_acu")
        return self


class ArchiveSettings(_Model):
    """Where the masked dump is kept."""

    bucket: BucketName
    prefix: str = Field(default="refresh", pattern=r"^[A-Za-z0-9/_.-]*$")
    kms_key_id: str | None = Field(
        default=None, description="ARN of the KMS key for SSE-KMS; none is the bucket's default."
    )
    keep_days: int = Field(default=7, ge=1, le=365)


class MaskingSettings(_Model):
    """How values are masked. The rules are in ``sql/databases/{policy}/``."""

    root_key_secret: SecretReference = Field(
        description="The root key, 64 hex digits known to nobody else: Secrets Manager ARN or name, or a path in Vault."
    )
    rotate: bool = Field(
        default=False,
        description="Whether each run masks with a key of its own, so that no two runs' masks can be compared.",
    )
    policy: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Directory of the policy in sql/databases/; the source database's name by default.",
    )
    deployment: str | None = Field(
        default=None,
        pattern=r"^[^/]+/[^/]+$",
        description="Deployment that masks as a job of its own, such as mask/mask; by default the refresh does.",
    )
    signing_key_secret: SecretReference | None = Field(
        default=None,
        description="Key that verdicts are signed with, made and kept as the root key is; by default that one signs. "
        "A job of its own needs one: the refresh, which checks its verdict, can't read the root key then.",
    )
    policy_digest: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Digest of the policy that was approved; a run with another one stops before anything is made.",
    )

    @model_validator(mode="after")
    def _a_job_of_its_own_has_a_key_to_sign_with(self) -> MaskingSettings:
        if self.deployment is not None and self.signing_key_secret is None:
            raise ValueError(
                "`deployment` needs a `signing_key_secret`: the refresh checks the job's verdict with it"
            )
        return self


class SlackSettings(_Model):
    webhook_secret: SecretReference = Field(
        description="The incoming webhook's URL: Secrets Manager ARN or name, or a path in Vault."
    )


class Environment(_Model):
    """One env: where the data comes from, where it goes, and what happens between.

    ``name`` is the file's stem. Reading it costs nothing and touches nothing.
    """

    name: str
    source: Source
    target: Target
    clone: CloneSettings
    archive: ArchiveSettings
    masking: MaskingSettings
    slack: SlackSettings | None = None
    vault: VaultSettings | None = Field(default=None, description="Where secrets that name a path are read.")

    @field_validator("name")
    @classmethod
    def _name_fits(cls, value: str) -> str:
        return check_env_name(value)

    @model_validator(mode="after")
    def _source_is_not_target(self) -> Environment:
        same_place = (
            self.source.aws.region == self.target.aws.region
            and self.source.aws.endpoint_url == self.target.aws.endpoint_url
            and self.source.aws.assume_role_arn == self.target.aws.assume_role_arn
        )
        if self.source.cluster == self.target.cluster and same_place:
            raise ValueError(f"source and target are the same cluster, {self.source.cluster}")
        if self.source.aws.region != self.target.aws.region:
            raise ValueError(
                f"the source is in {self.source.aws.region} and the target in {self.target.aws.region}:"
                " a snapshot is restored in its own region"
            )
        return self

    @model_validator(mode="after")
    def _shared_with_the_clones_account(self) -> Environment:
        key, share = self.clone.kms_key_id, self.source.share
        if share is not None and key.startswith("arn:") and account_of(key) != share.with_account:
            raise ValueError(
                f"`source.share.with_account` is {share.with_account}, and the clone's key is of {account_of(key)}"
            )
        return self

    @model_validator(mode="after")
    def _vault_is_said(self) -> Environment:
        in_vault = any(isinstance(secret, VaultSecret) for secret in self._secrets())
        if in_vault and self.vault is None:
            raise ValueError("a secret is in Vault, and no `vault` section says which")
        return self

    def _secrets(self) -> Iterator[SecretReference]:
        if self.target.secret is not None:
            yield self.target.secret
        yield self.masking.root_key_secret
        if self.masking.signing_key_secret is not None:
            yield self.masking.signing_key_secret
        if self.slack is not None:
            yield self.slack.webhook_secret

    @property
    def policy_name(self) -> str:
        return self.masking.policy or self.source.database

    @property
    def clone_lifetime(self) -> timedelta:
        return timedelta(hours=self.clone.lifetime_hours)


def environment_json_schema() -> dict[str, Any]:
    """JSON Schema of an environment file, for editors: ``name`` is the file's stem, so it isn't in the file."""
    schema = Environment.model_json_schema()
    schema["properties"].pop("name")
    schema["required"] = [field for field in schema["required"] if field != "name"]
    return schema
