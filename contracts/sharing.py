"""What has to happen for a snapshot to get from production's account to the target's. Decisions only.

- An automated snapshot can't be shared, only a manual copy of it.
  https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-share-snapshot.html
- One that is encrypted with the account's default key, ``aws/rds``, can't be shared either: it is copied to a
  customer's key that the other account may use.
  https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/share-encrypted-snapshot.html
- The other account has to name a key of its own when it copies what is shared with it.
  https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html
"""

from __future__ import annotations

from contracts.arns import account_of
from contracts.environment import Environment, Share
from contracts.errors import PreconditionFailed
from contracts.results import Snapshot


def can_be_shared_as_it_is(snapshot: Snapshot, share: Share) -> bool:
    """Whether no copy under the share's key is needed: this run made it, and it is under that key already.

    What somebody else made is never shared itself, whatever its key.
    """
    return snapshot.is_ours and snapshot.kms_key_id == share.kms_key_id


def check_accounts(
    environment: Environment, *, source_arn: str, target_arn: str, is_source_encrypted: bool
) -> None:
    """Refuse what can't cross from the source's account to the target's.

    Args:
        source_arn: of the source's cluster.
        target_arn: of the target's.

    Raises:
        PreconditionFailed: naming the field of the environment's file.
    """
    source, target, share = account_of(source_arn), account_of(target_arn), environment.source.share
    resource = f"source cluster {environment.source.cluster}"
    if share is None:
        if source != target:
            raise PreconditionFailed(
                f"it is in account {source}, the target in {target}, and nothing says how a snapshot gets there",
                resource=resource,
                remedy="Write `source.share` in the environment's file: docs/accounts.md.",
            )
        return
    if source == target:
        raise PreconditionFailed(
            f"it is in the target's own account, {target}: there is nothing to share",
            resource=resource,
            remedy="Take `source.share` out of the environment's file, or name the role of production's account.",
        )
    if target != share.with_account:
        raise PreconditionFailed(
            f"its snapshots would be shared with account {share.with_account}, and the target is in {target}",
            resource=resource,
            remedy="Mend `source.share.with_account` in the environment's file.",
        )
    if account_of(share.kms_key_id) != source:
        raise PreconditionFailed(
            f"`source.share.kms_key_id` is a key of account {account_of(share.kms_key_id)}, and it is in {source}",
            resource=resource,
            remedy="Name the key that Terraform made in production's account.",
        )
    if not is_source_encrypted:
        raise PreconditionFailed(
            "its storage isn't encrypted, so no key would keep others from a snapshot that is shared",
            resource=resource,
            remedy="Encrypt it: restore its snapshot with a KMS key, and move over to that cluster.",
        )


def way_across(environment: Environment) -> str | None:
    """In a line, what will be copied, to which key, and shared with whom; None where both are in one account."""
    share = environment.source.share
    if share is None:
        return None
    return (
        f"a snapshot of {environment.source.cluster} is copied to key {share.kms_key_id} unless it is under it already,"
        f" shared with account {share.with_account}, copied there to key {environment.clone.kms_key_id},"
        " and then shared no longer"
    )
