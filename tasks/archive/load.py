"""Loading an archive from S3 into an empty database, as the target's master user, who is no superuser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import ArchiveInvalid, PreconditionFailed
from contracts.login import Login
from contracts.manifest import TOC_NAME, Manifest
from contracts.results import RestoredTable
from tasks.archive.copy_in import dump_id_of, load_rows
from tasks.archive.layout import Sizes
from tasks.archive.objects import damaged, missing, read_whole
from tasks.archive.sections import Sections, Skipped
from tasks.archive.skeleton import read_copy_statements, read_list
from tasks.aws import aws_errors
from tasks.client_tools import client_tools
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class LoadedArchive:
    """What was loaded: rows per table, as COPY counted them and the manifest lists them."""

    tables: tuple[RestoredTable, ...]
    skipped: tuple[Skipped, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def load_archive(
    *,
    login: Login,
    database: str,
    owner_role: str,
    s3_client: S3Client,
    bucket: str,
    prefix: str,
    manifest: Manifest,
    jobs: int = 2,
    sizes: Sizes | None = None,
) -> LoadedArchive:
    """Load the archive at ``prefix`` into ``database``, which exists, is empty, and is owned by ``owner_role``.

    ``login`` must be able to ``SET ROLE owner_role``, which then owns all but extensions, event triggers and
    publications. Grants aren't restored. ``jobs`` sessions load rows, and build indexes, at once. On an error the
    database is left half loaded: drop it.

    Raises :class:`ArchiveInvalid` naming the object that isn't what the manifest says,
    :class:`PreconditionFailed` where ``database`` isn't empty, :class:`ClientToolFailed` or :class:`DatabaseError`
    naming what PostgreSQL refused.
    """
    _check_objects(s3_client, bucket, prefix, manifest)
    _check_is_empty(login, database)
    tools = client_tools(manifest.client_major, or_newer=True)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        toc = next(item for item in manifest.objects if item.name == TOC_NAME)
        (directory / TOC_NAME).write_bytes(read_whole(s3_client, bucket, prefix, toc))
        sections = Sections(
            tools=tools, directory=directory, login=login, database=database, owner_role=owner_role, jobs=jobs
        )
        statements = read_copy_statements(tools, directory, read_list(tools, directory))
        _check_tables(manifest, statements.keys(), f"s3://{bucket}/{prefix}{TOC_NAME}")
        sections.restore_before_rows()
        load_rows(
            login=login, database=database, owner_role=owner_role, s3_client=s3_client, bucket=bucket, prefix=prefix,
            manifest=manifest, statements=statements, jobs=jobs, sizes=sizes or Sizes(),
        )  # fmt: skip
        skipped = sections.restore_after_rows()
    return LoadedArchive(
        tables=tuple(RestoredTable(table=table.table, rows=table.rows) for table in manifest.tables),
        skipped=skipped,
    )


def _check_objects(s3_client: S3Client, bucket: str, prefix: str, manifest: Manifest) -> None:
    """Every object of the manifest is there in its size, before anything is touched."""
    uri = f"s3://{bucket}/{prefix}"
    found: dict[str, int] = {}
    with aws_errors(uri, doing="listing its objects"):
        for page in s3_client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            found |= {item["Key"].removeprefix(prefix): item["Size"] for item in page.get("Contents", [])}
    for item in manifest.objects:
        if item.name not in found:
            raise missing(uri + item.name)
        if found[item.name] != item.size_bytes:
            raise damaged(uri + item.name)


def _check_tables(manifest: Manifest, dump_ids: Iterable[int], resource: str) -> None:
    if sorted(dump_ids) != sorted(dump_id_of(table.object_name) for table in manifest.tables):
        raise ArchiveInvalid(
            "its tables aren't those of the manifest",
            resource=resource,
            remedy="The two are of different dumps: take a new one.",
        )


def _check_is_empty(login: Login, database: str) -> None:
    with (
        connect(login, database) as connection,
        safe_errors(f"database {database!r}", doing="looking into it"),
    ):
        found = connection.execute(statement("archive/user_relations.sql")).fetchone()
    if found and found[0]:
        raise PreconditionFailed(
            f"it holds {found[0]} relations and schemas already, so nothing is loaded into it",
            resource=f"database {database!r}",
            remedy="Load into a fresh database, made from template0.",
        )
