"""What the evaluation asks of the resources themselves: their ARNs, tags, keys and policies, read from moto."""

from __future__ import annotations

from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from deployments.localaws.iam.documents import Document, read_document

_RDS_COLLECTIONS = {
    "cluster": "clusters",
    "db": "databases",
    "cluster-snapshot": "cluster_snapshots",
    "cluster-pg": "db_cluster_parameter_groups",
    "pg": "db_parameter_groups",
    "subgrp": "subnet_groups",
}


class Facts:
    """Of one caller's account and region. What isn't there has no tags and no policy; asking never fails."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def rds(self, arn: str) -> Any:
        """A cluster, instance, snapshot, parameter or subnet group by ARN; None where there is none."""
        parts = arn.split(":", 6)
        if len(parts) < 7 or parts[5] not in _RDS_COLLECTIONS:
            return None
        backend = rds_backends[parts[4]][parts[3]]
        return getattr(backend, _RDS_COLLECTIONS[parts[5]]).get(parts[6])

    def rds_tags(self, arn: str) -> dict[str, str]:
        found = self.rds(arn)
        return _plain(getattr(found, "tags", None))

    def key_arn(self, key: str) -> str:
        """By id, alias or ARN of either; a key that isn't there has the ARN that it would have."""
        region, account = self.region, self.account
        if key.startswith("arn:"):
            _, _, _, region, account, _ = key.split(":", 5)
        backend: Any = kms_backends[account][region]
        try:
            known = backend.any_id_to_key_id(key)
        except (AttributeError, KeyError):  # moto's, for an alias that isn't there
            known = None
        if known in backend.keys:
            return str(backend.keys[known].arn)
        return key if key.startswith("arn:") else self.arn("kms", f"key/{key}")

    def key_policy(self, arn: str) -> Document | None:
        key = self._key(arn)
        return read_document(key.policy) if key is not None and key.policy else None

    def key_tags(self, arn: str) -> dict[str, str]:
        found = self._key(arn)
        if found is None:
            return {}
        _, _, _, region, account, _ = arn.split(":", 5)
        return _plain(kms_backends[account][region].list_resource_tags(found.id).get("Tags"))

    def is_managed_by_aws(self, arn: str) -> bool:
        """Whether it is a key such as ``aws/rds``, which a service uses for whoever may use the service."""
        found = self._key(arn)
        if found is None:
            return False
        return any(name.startswith("alias/aws/") for name in found.aliases)

    def _key(self, arn: str) -> Any:
        if not arn.startswith("arn:") or "key/" not in arn:
            return None
        _, _, _, region, account, rest = arn.split(":", 5)
        return kms_backends[account][region].keys.get(rest.removeprefix("key/"))

    def secret(self, secret_id: str) -> Any:
        region, account = self.region, self.account
        if secret_id.startswith("arn:"):
            _, _, _, region, account, _ = secret_id.split(":", 5)
        found: Any = secretsmanager_backends[account][region].secrets.get(secret_id)
        return found

    def secret_tags(self, secret: Any) -> dict[str, str]:
        return _plain(getattr(secret, "tags", None))

    def bucket(self, name: str) -> Any:
        for account in list(s3_backends):
            found = s3_backends[account]["aws"].buckets.get(name)
            if found is not None:
                return found
        return None

    def object_version(self, bucket: str, key: str, version_id: str | None) -> Any:
        """The object, or one of its versions; None where there is none."""
        found = self.bucket(bucket)
        if found is None:
            return None
        if version_id:
            versions = found.keys.getlist(key, [])
            return next((one for one in versions if str(one.version_id) == version_id), None)
        return found.keys.get(key)

    def object_tags(self, item: Any) -> dict[str, str]:
        tagger = s3_backends[item.account_id]["aws"].tagger
        return dict(tagger.get_tag_dict_for_resource(item.arn))

    def trust_policy(self, role_arn: str) -> Document:
        """Who may assume the role; of a role that isn't there, nobody."""
        account = role_arn.split(":")[4]
        for role in iam_backends[account]["aws"].get_roles():
            if role.arn == role_arn:
                return read_document(str(role.assume_role_policy_document))
        return ()


def _plain(tags: Any) -> dict[str, str]:
    """moto keeps tags as lists of ``Key``/``Value``, or of ``TagKey``/``TagValue``."""
    return {
        tag.get("Key", tag.get("TagKey", "")): str(tag.get("Value", tag.get("TagValue", "")) or "")
        for tag in tags or []
    }
