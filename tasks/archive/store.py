"""Finding and deleting archives. Nothing is deleted that doesn't say that it is this run's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from contracts.errors import AwsError, NotOurs
from contracts.manifest import MANIFEST_NAME, Manifest, parse_manifest
from contracts.naming import RunKey
from contracts.ownership import check_ours, ownership_of_aws_tags
from tasks.archive.objects import read_object
from tasks.aws import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_DELETE_MAX = 1000


def find_archive(s3_client: S3Client, bucket: str, prefix: str) -> Manifest | None:
    """The manifest of the archive at ``prefix``; None where there is no complete archive.

    Whose it is, is for the caller to judge. Raises :class:`ArchiveInvalid` where the manifest can't be read as one.
    """
    resource = f"s3://{bucket}/{prefix}{MANIFEST_NAME}"
    body = read_object(s3_client, bucket, prefix + MANIFEST_NAME, resource=resource)
    return None if body is None else parse_manifest(body, resource=resource)


def delete_archive(s3_client: S3Client, bucket: str, prefix: str, *, run: RunKey) -> int:
    """Delete all that ``run`` has put below ``prefix``: objects, their older versions, and unfinished uploads.

    Returns how many objects and versions went; none is success. Every object must carry the tags of ``run``, or nothing
    is deleted and :class:`NotOurs` is raised. The manifest goes first, so that half an archive is no archive.
    """
    resource = f"s3://{bucket}/{prefix}"
    _check_is_runs_prefix(prefix, run, resource)
    versions = list(_versions(s3_client, bucket, prefix, resource))
    for version in versions:
        if not version["is_delete_marker"]:
            _check_tags(s3_client, bucket, version, run)
    manifests = [version for version in versions if version["Key"] == prefix + MANIFEST_NAME]
    others = [version for version in versions if version["Key"] != prefix + MANIFEST_NAME]
    for batch in (
        manifests,
        *(others[start : start + _DELETE_MAX] for start in range(0, len(others), _DELETE_MAX)),
    ):
        _delete(s3_client, bucket, batch, resource)
    _abort_uploads(s3_client, bucket, prefix, resource)
    return len(versions)


def delete_incomplete_archive(s3_client: S3Client, bucket: str, prefix: str, *, run: RunKey) -> int:
    """As :func:`delete_archive`, but leaves an archive alone that has a manifest. Returns how many objects went."""
    if find_archive(s3_client, bucket, prefix) is not None:
        return 0
    return delete_archive(s3_client, bucket, prefix, run=run)


def _check_is_runs_prefix(prefix: str, run: RunKey, resource: str) -> None:
    """Unfinished uploads and delete markers have no tags: the prefix itself must be that of ``run``."""
    if not f"/{prefix}".endswith(f"/{run.key}/"):
        raise NotOurs(
            f"it isn't the prefix of an archive of run {run.flow_run_id}",
            resource=resource,
            remedy="An archive's prefix ends with its run's key; see contracts/naming.py.",
        )


def _versions(s3_client: S3Client, bucket: str, prefix: str, resource: str) -> Iterator[dict[str, Any]]:
    """Every version below ``prefix``: ``Key``, ``VersionId`` ("null" in a bucket without versioning)."""
    with aws_errors(resource, doing="listing its objects"):
        for page in s3_client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Versions", []):
                yield {"Key": item["Key"], "VersionId": item["VersionId"], "is_delete_marker": False}
            for marker in page.get("DeleteMarkers", []):
                yield {"Key": marker["Key"], "VersionId": marker["VersionId"], "is_delete_marker": True}


def _check_tags(s3_client: S3Client, bucket: str, version: dict[str, Any], run: RunKey) -> None:
    resource = f"s3://{bucket}/{version['Key']}"
    with aws_errors(resource, doing="reading its tags"):
        tags = s3_client.get_object_tagging(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    check_ours(ownership_of_aws_tags(tags["TagSet"]), run, resource=resource)  # type: ignore[arg-type]


def _delete(s3_client: S3Client, bucket: str, versions: list[dict[str, Any]], resource: str) -> None:
    if not versions:
        return
    with aws_errors(resource, doing="deleting its objects"):
        answer = s3_client.delete_objects(
            Bucket=bucket,
            Delete={
                "Objects": [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in versions],
                "Quiet": True,
            },
        )
    if errors := answer.get("Errors"):
        raise AwsError(
            f"S3 didn't delete {len(errors)} of {len(versions)} objects ({errors[0].get('Code', '')})",
            resource=f"s3://{bucket}/{errors[0].get('Key', '')}",
            remedy="Delete them by hand, or let the bucket's lifecycle rule expire them.",
            code=errors[0].get("Code", ""),
            is_transient=errors[0].get("Code") in {"InternalError", "SlowDown"},
        )


def _abort_uploads(s3_client: S3Client, bucket: str, prefix: str, resource: str) -> None:
    with aws_errors(resource, doing="aborting unfinished uploads"):
        for page in s3_client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
            for upload in page.get("Uploads", []):
                s3_client.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
