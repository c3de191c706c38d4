"""The run's archive in S3: made from the masked clone, found again by a retry, deleted where it was never finished."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from prefect import get_run_logger, task

from blocks.config_root import policy_directory
from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import ArchiveInvalid, VerificationFailed
from contracts.expiry import archive_ownership
from contracts.naming import RunKey, archive_prefix
from contracts.ownership import check_ours
from contracts.report import ArchiveReport, MaskingReport
from contracts.results import Archive, Clone
from masking.proof.signing import check_manifest, check_report, signature_of
from tasks.archive.dump import MaskingFacts, dump_database
from tasks.archive.objects import read_object
from tasks.archive.store import delete_archive, delete_incomplete_archive, find_archive
from tasks.aurora.clone import clone_login
from tasks.aws import aws_errors, client
from tasks.border import no_row_escapes
from tasks.policy_files import read_policy
from tasks.secrets.reading import read_signing_keys
from tasks.transient import ONCE

MASKING_REPORT_NAME = "masking-report.json"


def prefix_of(block: RefreshEnvironment, run: RunKey) -> str:
    settings = block.environment.archive
    return archive_prefix(settings.prefix, run.env, block.environment.target.database, run.key)


@task(**ONCE)
def dump_clone(
    block: RefreshEnvironment, run: RunKey, clone: Clone, masked: MaskingReport, snapshot_arn: str
) -> Archive:
    """Dump the masked clone to S3, with the report of its masking beside the data.

    Raises:
        VerificationFailed: the report has no good verdict on this clone.
    """
    environment = block.environment
    bucket = environment.archive.bucket
    keys = read_signing_keys(block)
    verdict = check_report(masked, keys, resource=f"clone {clone.cluster_id}")
    of_this_run = (run.key, run.env, clone.cluster_id, snapshot_arn)
    if (verdict.run_key, verdict.env, verdict.clone, verdict.snapshot_arn) != of_this_run:
        raise VerificationFailed(
            "the verdict of its verification is another clone's or another snapshot's",
            resource=f"clone {clone.cluster_id}",
            remedy="Nothing left it. Start a new refresh.",
        )
    # A mask job may have run from another image or folder.
    if verdict.policy_digest != read_policy(policy_directory(environment.policy_name)).digest:
        raise VerificationFailed(
            "it was masked by another policy than this run's",
            resource=f"clone {clone.cluster_id}",
            remedy="Nothing left it. Give the job that masks the same policy, and start a new refresh.",
        )
    with no_row_escapes(f"clone {clone.cluster_id}", doing="dumping it"):
        manifest = dump_database(
            login=clone_login(block.target_credentials, environment, clone),
            database=environment.source.database,
            s3_client=client(block.target_credentials, "s3"),
            bucket=bucket,
            prefix=prefix_of(block, run),
            kms_key_id=environment.archive.kms_key_id,
            ownership=archive_ownership(environment, run, datetime.now(UTC)),
            facts=MaskingFacts(
                snapshot_arn=snapshot_arn,
                policy_digest=masked.policy_digest,
                verdict=masked.verification.verdict,
                proof=verdict,
                sign=partial(signature_of, keys=keys),
            ),
            expected_tables={table.table for table in masked.tables},
            documents={MASKING_REPORT_NAME: masked.model_dump_json(indent=2).encode()},
        )
    return Archive(bucket=bucket, prefix=prefix_of(block, run), manifest=manifest)


@task(**ONCE)
def reusable_archive(block: RefreshEnvironment, run: RunKey, policy_digest: str) -> Archive | None:
    """The complete archive that an earlier attempt of this run left, for a retry to begin at; None without one.

    Where the policy has changed since, the archive is deleted: its data isn't masked as it must be now.
    """
    found = find_own_archive(block, run)
    if found is None:
        return None
    if found.manifest.policy_digest == policy_digest:
        get_run_logger().info("Beginning at the archive of the attempt before, %s", found.uri)
        return found
    get_run_logger().warning("The policy has changed since %s was masked: masking again", found.uri)
    delete_archive(client(block.target_credentials, "s3"), found.bucket, found.prefix, run=run)
    return None


def find_own_archive(block: RefreshEnvironment, run: RunKey) -> Archive | None:
    """The run's complete archive; None where there is none."""
    bucket, prefix = block.environment.archive.bucket, prefix_of(block, run)
    manifest = find_archive(client(block.target_credentials, "s3"), bucket, prefix)
    if manifest is None:
        return None
    check_ours(manifest.ownership, run, resource=f"s3://{bucket}/{prefix}")
    return Archive(bucket=bucket, prefix=prefix, manifest=manifest)


def own_archive(block: RefreshEnvironment, run: RunKey) -> Archive:
    """As :func:`find_own_archive`, where there must be one, with a manifest and a verdict that the env signed."""
    found = find_own_archive(block, run)
    if found is None:
        raise ArchiveInvalid(
            "there is no complete archive of this run",
            resource=f"s3://{block.environment.archive.bucket}/{prefix_of(block, run)}",
            remedy="Start a new refresh.",
        )
    check_manifest(found.manifest, read_signing_keys(block), resource=found.uri)
    return found


@task(**ONCE)
def read_masking_report(block: RefreshEnvironment, run: RunKey, archive: Archive) -> MaskingReport:
    """What the archive says of how it was masked, as it was signed."""
    key = archive.prefix + MASKING_REPORT_NAME
    resource = f"s3://{archive.bucket}/{key}"
    body = read_object(client(block.target_credentials, "s3"), archive.bucket, key, resource=resource)
    if body is None:
        raise ArchiveInvalid(
            "the archive lacks its masking report", resource=resource, remedy="Start a new refresh."
        )
    report = MaskingReport.model_validate_json(body)
    if check_report(report, read_signing_keys(block), resource=resource) != archive.manifest.proof:
        raise ArchiveInvalid(
            "the masking report is another one than the manifest's",
            resource=resource,
            remedy="Start a new refresh.",
        )
    return report


def delete_unfinished_archive(block: RefreshEnvironment, run: RunKey) -> None:
    """Delete what a dump left that never came to its manifest; a complete archive stays until it expires."""
    delete_incomplete_archive(
        client(block.target_credentials, "s3"),
        block.environment.archive.bucket,
        prefix_of(block, run),
        run=run,
    )


def extent_of(block: RefreshEnvironment, archive: Archive) -> ArchiveReport:
    """How many objects lie under the archive's prefix, and their bytes, as S3 lists them now."""
    s3 = client(block.target_credentials, "s3")
    sizes = []
    with aws_errors(archive.uri, doing="listing its objects"):
        for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket=archive.bucket, Prefix=archive.prefix
        ):
            sizes += [item["Size"] for item in page.get("Contents", [])]
    return ArchiveReport(uri=archive.uri, objects=len(sizes), size_bytes=sum(sizes))
