"""What refreshes of an env left behind, read afresh from AWS and PostgreSQL rather than from anybody's memory."""

from __future__ import annotations

from collections.abc import Iterator

from blocks.refresh_environment import RefreshEnvironment
from contracts.naming import RunKey, archive_prefix
from contracts.ownership import Ownership
from contracts.results import Leftover
from tasks.archiving import prefix_of
from tasks.aurora.inventory import find_in_aws
from tasks.aws import aws_errors, client
from tasks.postgres.target_database import our_databases
from tasks.target_login import target_login


def find_leftovers(block: RefreshEnvironment, *, archive_of: RunKey | None) -> tuple[Leftover, ...]:
    """All that carries our tag, comment or kind of name, but for what is meant to stay.

    Meant to stay are the live database, the previous and the original one, and the complete archive of
    ``archive_of``.
    """
    found = {(item.kind, item.identifier) for item in find_in_aws(block)}
    found.update(_in_bucket(block, archive_of))
    found.update(
        ("database", database.name)
        for database in our_databases(target_login(block), block.environment.target.database)
        if database.kind == "shadow" or (database.kind == "other" and _is_of(block, database.ownership))
    )
    return tuple(Leftover(kind=kind, identifier=identifier) for kind, identifier in sorted(found))


def _is_of(block: RefreshEnvironment, ownership: Ownership | None) -> bool:
    return ownership is not None and ownership.env == block.environment.name


def _in_bucket(block: RefreshEnvironment, archive_of: RunKey | None) -> Iterator[tuple[str, str]]:
    settings = block.environment.archive
    s3 = client(block.target_credentials, "s3")
    prefix = archive_prefix(settings.prefix, block.environment.name, "", "")
    kept = prefix_of(block, archive_of) if archive_of else None
    with aws_errors(f"archive bucket {settings.bucket}", doing="listing what refreshes left in it"):
        for uploads in s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=settings.bucket, Prefix=prefix
        ):
            for upload in uploads.get("Uploads", []):
                yield "incomplete upload", upload["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if kept is None or not item["Key"].startswith(kept):
                    yield "archive", item["Key"].rsplit("/", 1)[0] + "/"
