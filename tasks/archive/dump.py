"""Dumping a masked clone into an archive in S3, without local disk or memory in proportion to it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg.rows import dict_row

from contracts.errors import PreconditionFailed, VerificationFailed
from contracts.login import Login
from contracts.manifest import MANIFEST_NAME, TOC_NAME, ArchivedObject, Manifest, utc_seconds
from contracts.ownership import Ownership, check_ours
from contracts.verdict import Verdict
from tasks.archive.heaps import read_heaps
from tasks.archive.layout import SUFFIX, Sizes
from tasks.archive.objects import ObjectWriter, Place
from tasks.archive.rows_out import Table, copy_tables
from tasks.archive.saved_schema import SavedSchema, read_saved_schema, unpack
from tasks.archive.skeleton import read_copy_statements
from tasks.archive.store import delete_incomplete_archive, find_archive
from tasks.archive.toc import CopyStatement
from tasks.client_tools import client_tools
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOCALE_PROVIDERS: dict[str, Literal["libc", "icu", "builtin"]] = {"c": "libc", "i": "icu", "b": "builtin"}


@dataclass(frozen=True, kw_only=True)
class MaskingFacts:
    """What the manifest says of how the data was masked. Only ``verdict`` "passed" is dumped.

    ``sign`` gives the signature of the finished manifest.
    """

    snapshot_arn: str
    policy_digest: str
    verdict: str
    proof: Verdict | None = None
    sign: Callable[[bytes], str] = lambda content: ""


def dump_database(
    *,
    login: Login,
    database: str,
    s3_client: S3Client,
    bucket: str,
    prefix: str,
    kms_key_id: str | None,
    ownership: Ownership,
    facts: MaskingFacts,
    expected_tables: Collection[str] | None = None,
    documents: Mapping[str, bytes] | None = None,
    jobs: int = 4,
    sizes: Sizes | None = None,
) -> Manifest:
    """Write a pg_dump directory archive of ``database`` below ``prefix``, ``manifest.json`` last.

    An archive that this run has completed there before, of the same masking, is returned as it is. The schema is what
    :func:`tasks.archive.saved_schema.save_schema` kept, whatever the tables have become. ``jobs`` sessions read tables
    at once; memory is about ``jobs`` times 60 MB, and four times the largest row's text. ``documents`` are put beside
    the archive for people, by name; pg_restore passes them by.

    Raises :class:`PreconditionFailed` for a database that mustn't be archived, :class:`NotOurs` where another run's
    objects are in the way. Whatever is raised, uploads are aborted and no manifest is left.
    """
    place = Place(client=s3_client, bucket=bucket, prefix=prefix, ownership=ownership, kms_key_id=kms_key_id)
    if facts.verdict != "passed":
        raise VerificationFailed(
            f"the verification's verdict is {facts.verdict!r}, so nothing is dumped",
            resource=f"database {database!r}",
            remedy="See the masking report.",
        )
    existing = find_archive(s3_client, bucket, prefix)
    if existing is not None:
        check_ours(existing.ownership, ownership.run, resource=place.uri)
        if (existing.policy_digest, existing.snapshot_arn) != (facts.policy_digest, facts.snapshot_arn):
            raise PreconditionFailed(
                "this run's archive is there already, but of other data or masked by another policy",
                resource=place.uri,
                remedy="Delete it first, or restore from it.",
            )
        return existing
    delete_incomplete_archive(s3_client, bucket, prefix, run=ownership.run)
    with (
        _exported_snapshot(login, database) as (connection, snapshot),
        tempfile.TemporaryDirectory() as scratch,
    ):
        about = _check_may_be_archived(connection, database)
        tools = client_tools(int(about["server_version_num"]) // 10_000)
        saved = read_saved_schema(connection, database)
        directory = Path(scratch) / "archive"
        statements = read_copy_statements(tools, directory, unpack(saved, directory, tools))
        tables = _plan(connection, saved, statements, place, sizes or Sizes())
        _check_nothing_else(tables, expected_tables, database)
        archived = copy_tables(
            tables, tools, login, database, snapshot, saved.compression, sizes or Sizes(), jobs
        )
        place.put(TOC_NAME, saved.toc)
    manifest = Manifest(
        run_key=ownership.run.key,
        flow_run_id=ownership.flow_run_id,
        env=ownership.env,
        database=database,
        created_at=utc_seconds(datetime.now(UTC)),
        expires_at=utc_seconds(ownership.expires_at),
        server_version=about["server_version"],
        client_version=tools.version,
        compression=saved.compression,
        encoding=about["encoding"],
        collate=about["collate"],
        ctype=about["ctype"],
        locale_provider=_LOCALE_PROVIDERS[about["locale_provider"]],
        locale=about["locale"],
        snapshot_arn=facts.snapshot_arn,
        policy_digest=facts.policy_digest,
        verdict=facts.verdict,
        objects=(
            ArchivedObject(
                name=TOC_NAME, size_bytes=len(saved.toc), sha256=hashlib.sha256(saved.toc).hexdigest()
            ),
            *(item for item, _ in archived),
        ),
        tables=tuple(table for _, table in archived),
        proof=facts.proof,
    )
    manifest = manifest.model_copy(update={"signature": facts.sign(manifest.signed_text)})
    for name, body in (documents or {}).items():
        place.put(name, body)
    place.put(MANIFEST_NAME, manifest.to_json())
    return manifest


@contextmanager
def _exported_snapshot(login: Login, database: str) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A transaction whose snapshot pg_dump and all sessions share; it must stay open as long as they come."""
    connection = connect(login, database)
    try:
        with safe_errors(f"database {database!r}", doing="exporting a snapshot"):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            exported = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        assert exported is not None
        yield connection, exported[0]
    finally:
        connection.close()


def _check_may_be_archived(connection: psycopg.Connection[Any], database: str) -> Mapping[str, Any]:
    with safe_errors(f"database {database!r}", doing="reading what it is"):
        about = connection.cursor(row_factory=dict_row).execute(statement("archive/database.sql")).fetchone()
    assert about is not None
    refusals = {
        "has_masking_schema": "it still holds the schema refresh_mask, with the masking functions",
        "large_objects": f"it still holds {about['large_objects']} large objects, which masking doesn't read",
        "user_mappings": f"it still holds {about['user_mappings']} user mappings, with foreign servers' passwords",
    }
    for name, reason in refusals.items():
        if about[name]:
            raise PreconditionFailed(
                f"{reason}, so nothing is dumped",
                resource=f"database {database!r} of the clone",
                remedy="Masking removes it before it ends: run it again on a new clone.",
            )
    return about


def _check_nothing_else(tables: Sequence[Table], expected: Collection[str] | None, database: str) -> None:
    """No table leaves that masking didn't know of: the last line behind the policy's completeness."""
    unknown = sorted(table.name for table in tables if expected is not None and table.name not in expected)
    if unknown:
        raise PreconditionFailed(
            f"pg_dump would carry the rows of {', '.join(unknown)}, which masking didn't plan, so nothing is dumped",
            resource=f"database {database!r} of the clone",
            remedy="Nothing but masking may change the clone. Start a new refresh; if it comes again, it is a bug.",
        )


def _plan(
    connection: psycopg.Connection[Any],
    saved: SavedSchema,
    statements: Mapping[int, CopyStatement],
    place: Place,
    sizes: Sizes,
) -> list[Table]:
    """The tables with rows, largest first, each with the block ranges that sessions read."""
    dump_ids = {table: dump_id for dump_id, table in saved.tables.items()}
    with safe_errors("the clone", doing="reading its tables' sizes"):
        heaps = read_heaps(connection, dump_ids)
    if len(heaps) != len(dump_ids):
        raise PreconditionFailed(
            "tables were dropped while it was dumped",
            resource="the clone",
            remedy="Nothing else may use the clone: run the dump again.",
        )
    tables = []
    for heap in sorted(heaps, key=lambda heap: -heap.size_bytes):
        dump_id = dump_ids[heap.schema, heap.name]
        object_name = f"{dump_id}.dat.{SUFFIX[saved.compression]}"
        tables.append(
            Table(
                name=f"{heap.schema}.{heap.name}",
                object_name=object_name,
                statement=replace(statements[dump_id], rows_in_children=heap.rows_in_children),
                writer=ObjectWriter(place, object_name, sizes),
                size_bytes=heap.size_bytes,
                suspends_row_security=heap.is_row_security_active,
                ranges=heap.ranges(sizes.chunk_bytes),
            )
        )
    return tables
