"""The janitor's sweep of one env: what a dead run left, and what is past its expiry. By tags and comments alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from uuid import UUID

from prefect import get_run_logger, task

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import CleanupIncomplete, RefreshError
from contracts.naming import RunKey, archive_prefix
from contracts.ownership import (
    GRACE_WITHOUT_PREFECT,
    Ownership,
    check_ours,
    is_its_runs_own,
    janitor_may_delete,
    ownership_of_aws_tags,
)
from tasks.archive.store import delete_archive, find_archive
from tasks.aurora.inventory import Found, find_in_rds, find_secrets
from tasks.aurora.removing import AwsKind, AwsResource, remove
from tasks.aurora.sharing import end_sharing
from tasks.aws import aws_errors, client
from tasks.postgres.shadow import drop_expired
from tasks.prefect_runs import is_live
from tasks.secrets.one_run import delete_secret
from tasks.target_login import target_login
from tasks.transient import ONCE

_REMOVABLE: dict[str, AwsKind] = {
    "instance": "instance",
    "cluster": "cluster",
    "cluster snapshot": "cluster snapshot",
}
_IsLive = Callable[[UUID], bool | None]


@task(task_run_name="sweep-{block.environment.name}", **ONCE)
def sweep(block: RefreshEnvironment, janitor: RunKey) -> list[str]:
    """Delete what may be deleted and return what went, one line each. Every part is tried.

    Raises:
        CleanupIncomplete: something that may be deleted is still there.
    """
    now = datetime.now(UTC)
    ask = cache(is_live)
    parts: dict[str, Callable[[], list[str]]] = {
        "RDS": lambda: _sweep_rds(block, now, ask),
        "secrets": lambda: _sweep_secrets(block, now, ask),
        "archives": lambda: _sweep_archives(block, now, ask),
        "databases": lambda: _sweep_databases(block, janitor, now, ask),
    }
    swept: list[str] = []
    failures: dict[str, RefreshError] = {}
    for part, take_away in parts.items():
        try:
            swept += take_away()
        except RefreshError as error:
            failures[part] = error
    for line in swept:
        get_run_logger().info("Deleted %s", line)
    if failures:
        raise CleanupIncomplete(
            leftovers=tuple(failures),
            remedy=" ".join(f"[{part}] {error}" for part, error in failures.items()),
        )
    return swept


def _all_of_a_part(swept: list[str], failures: Mapping[str, RefreshError]) -> list[str]:
    """``swept``; where something failed, it is told before the error leaves."""
    if failures:
        for line in swept:
            get_run_logger().info("Deleted %s", line)
        raise CleanupIncomplete(
            leftovers=tuple(failures), remedy=" ".join(str(error) for error in failures.values())
        )
    return swept


def _sweep_rds(block: RefreshEnvironment, now: datetime, ask: _IsLive) -> list[str]:
    swept: list[str] = []
    seen: set[str] = set()
    failures: dict[str, RefreshError] = {}
    for credentials, in_account in find_in_rds(block):
        resources = []
        for found in in_account:
            kind = _REMOVABLE.get(found.kind)
            if kind and _may_go(found, block, now, ask, dies_with_run=not _is_kept(found, block)):
                resources.append(AwsResource(kind=kind, identifier=found.identifier))
            is_shareable = block.environment.source.share and credentials == block.source_credentials
            # A snapshot that outlives its run isn't shared for longer than that.
            if (
                kind == "cluster snapshot"
                and is_shareable
                and _may_go(found, block, now, ask, dies_with_run=True)
            ):
                try:
                    _end_sharing(block, found)
                except RefreshError as error:
                    failures[f"sharing of {found.identifier}"] = error
        resources = [resource for resource in resources if str(resource) not in seen]
        seen.update(map(str, resources))
        # An instance goes before its cluster can.
        resources.sort(key=lambda resource: ["instance", "cluster", "cluster snapshot"].index(resource.kind))
        remove(credentials, resources, may_delete=_still_of(block.environment.name))
        swept += [str(resource) for resource in resources]
    return _all_of_a_part(swept, failures)


def _is_kept(found: Found, block: RefreshEnvironment) -> bool:
    """Whether it is a run's own snapshot, which may outlive the run; its copies in either account never do."""
    role = found.ownership.run.role_of(found.identifier) if found.ownership else None
    return role == "snapshot" and block.environment.source.keep_snapshot_days > 0


def _end_sharing(block: RefreshEnvironment, found: Found) -> None:
    if found.ownership is not None:
        end_sharing(block.source_credentials, block.environment, found.ownership.run)


def _sweep_secrets(block: RefreshEnvironment, now: datetime, ask: _IsLive) -> list[str]:
    credentials = block.target_credentials
    gone = [
        found.identifier
        for found in find_secrets(credentials)
        if _may_go(found, block, now, ask, dies_with_run=True)
    ]
    for name in gone:
        delete_secret(credentials, name, may_delete=partial(_still_of(block.environment.name), resource=name))
    return [f"secret {name}" for name in gone]


def _sweep_archives(block: RefreshEnvironment, now: datetime, ask: _IsLive) -> list[str]:
    settings = block.environment.archive
    home = archive_prefix(settings.prefix, block.environment.name, block.environment.target.database, "")
    swept = _abort_old_uploads(block, home, now)
    failures: dict[str, RefreshError] = {}
    for prefix in _archive_prefixes(block, home):
        # One archive that somebody put a file of theirs into mustn't keep the others from being swept.
        try:
            if _sweep_archive(block, prefix, now, ask):
                swept.append(f"archive s3://{settings.bucket}/{prefix}")
        except RefreshError as error:
            failures[f"archive s3://{settings.bucket}/{prefix}"] = error
    return _all_of_a_part(swept, failures)


def _sweep_archive(block: RefreshEnvironment, prefix: str, now: datetime, ask: _IsLive) -> bool:
    """Whether the archive was one that may go, and went."""
    s3 = client(block.target_credentials, "s3")
    bucket = block.environment.archive.bucket
    manifest = find_archive(s3, bucket, prefix)
    found = manifest.ownership if manifest else _owner_of_objects(block, prefix)
    if found is None or found.env != block.environment.name:
        return False
    if not janitor_may_delete(
        found, now=now, run_is_live=ask(found.flow_run_id), dies_with_run=manifest is None
    ):
        return False
    delete_archive(s3, bucket, prefix, run=found.run)
    return True


def _archive_prefixes(block: RefreshEnvironment, home: str) -> Iterator[str]:
    bucket = block.environment.archive.bucket
    pages = client(block.target_credentials, "s3").get_paginator("list_objects_v2")
    with aws_errors(f"archive bucket {bucket}", doing="listing archives"):
        for page in pages.paginate(Bucket=bucket, Prefix=home, Delimiter="/"):
            for common in page.get("CommonPrefixes", []):
                yield common["Prefix"]


def _owner_of_objects(block: RefreshEnvironment, prefix: str) -> Ownership | None:
    bucket = block.environment.archive.bucket
    s3 = client(block.target_credentials, "s3")
    with aws_errors(f"s3://{bucket}/{prefix}", doing="reading whose it is"):
        first = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents", [])
        if not first:
            return None
        tags = s3.get_object_tagging(Bucket=bucket, Key=first[0]["Key"])["TagSet"]
    return ownership_of_aws_tags(tags)  # type: ignore[arg-type]


def _abort_old_uploads(block: RefreshEnvironment, home: str, now: datetime) -> list[str]:
    # An upload shows no tags before it is complete, so only its place and its age tell that nobody waits for it.
    bucket = block.environment.archive.bucket
    s3 = client(block.target_credentials, "s3")
    oldest = now - block.environment.clone_lifetime - GRACE_WITHOUT_PREFECT
    swept = []
    with aws_errors(f"archive bucket {bucket}", doing="aborting old uploads"):
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=home):
            for upload in page.get("Uploads", []):
                if upload["Initiated"] < oldest:
                    s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
                    swept.append(f"incomplete upload s3://{bucket}/{upload['Key']}")
    return swept


def _sweep_databases(block: RefreshEnvironment, janitor: RunKey, now: datetime, ask: _IsLive) -> list[str]:
    swept = drop_expired(
        target_login(block), block.environment.target.database, janitor, now=now, run_is_live=ask
    )
    for reason in swept.left:
        get_run_logger().info("Left: %s", reason)
    return [f"database {name}" for name in swept.dropped]


def _may_go(
    found: Found, block: RefreshEnvironment, now: datetime, ask: _IsLive, *, dies_with_run: bool
) -> bool:
    ownership = found.ownership
    if ownership is None or ownership.env != block.environment.name:
        return False
    if not is_its_runs_own(ownership, found.identifier):
        get_run_logger().info(
            "Left: %s %s: it has the tags of run %s, but no name of that run's: a copy by hand, perhaps",
            found.kind,
            found.identifier,
            ownership.run,
        )
        return False
    return janitor_may_delete(
        ownership, now=now, run_is_live=ask(ownership.flow_run_id), dies_with_run=dies_with_run
    )


def _still_of(env: str) -> Callable[..., object]:
    """Asked again right before a deletion: the tags may have changed since the list was made."""

    def check(ownership: Ownership | None, resource: str) -> object:
        run = RunKey(env=env, flow_run_id=ownership.flow_run_id if ownership else UUID(int=0))
        return check_ours(ownership, run, resource=resource)

    return check
