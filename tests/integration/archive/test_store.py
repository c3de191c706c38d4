"""Deleting archives: all of one run's, and nothing of anybody else's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from contracts.errors import NotOurs
from contracts.ownership import Ownership
from tasks.archive.store import delete_archive, delete_incomplete_archive, find_archive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.integration.archive.conftest import Dumped, NewRun


class Shelf:
    """A bucket with versions, and one run's prefix in it."""

    def __init__(self, s3_client: S3Client, run: Ownership, prefix: str) -> None:
        self.s3_client = s3_client
        self.run = run
        self.prefix = prefix
        self.bucket = f"shelf-{uuid.uuid4().hex[:12]}"
        s3_client.create_bucket(Bucket=self.bucket)
        s3_client.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(self, name: str, owner: Ownership | None, body: bytes = b"x") -> None:
        tags = urlencode(owner.tags()) if owner else "team=other"
        self.s3_client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=body, Tagging=tags)

    def everything(self) -> list[str]:
        """Every version, delete marker and unfinished upload in the bucket."""
        listed = self.s3_client.list_object_versions(Bucket=self.bucket)
        uploads = self.s3_client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        found = [*listed.get("Versions", []), *listed.get("DeleteMarkers", []), *uploads]
        return sorted(str(item["Key"]) for item in found)


@pytest.fixture
def shelf(s3_client: S3Client, new_run: NewRun) -> Iterator[Shelf]:
    run, prefix = new_run()
    shelf = Shelf(s3_client, run, prefix)
    yield shelf
    s3_client.put_bucket_versioning(Bucket=shelf.bucket, VersioningConfiguration={"Status": "Suspended"})


def test_older_versions_delete_markers_and_unfinished_uploads_go_too(shelf: Shelf) -> None:
    shelf.put("toc.dat", shelf.run)
    shelf.put("toc.dat", shelf.run, b"newer")
    shelf.put("1.dat.zst", shelf.run)
    shelf.s3_client.delete_object(Bucket=shelf.bucket, Key=f"{shelf.prefix}1.dat.zst")
    shelf.s3_client.create_multipart_upload(Bucket=shelf.bucket, Key=f"{shelf.prefix}2.dat.zst")
    assert len(shelf.everything()) == 5
    assert delete_archive(shelf.s3_client, shelf.bucket, shelf.prefix, run=shelf.run.run) == 4
    assert shelf.everything() == []


def test_deleting_what_is_gone_is_success(shelf: Shelf) -> None:
    assert delete_archive(shelf.s3_client, shelf.bucket, shelf.prefix, run=shelf.run.run) == 0


def test_neighbours_stay(shelf: Shelf, new_run: NewRun) -> None:
    _, neighbours_prefix = new_run()
    shelf.put("toc.dat", shelf.run)
    shelf.s3_client.put_object(Bucket=shelf.bucket, Key=f"{neighbours_prefix}toc.dat", Body=b"x")
    shelf.s3_client.create_multipart_upload(Bucket=shelf.bucket, Key=f"{neighbours_prefix}1.dat.zst")
    delete_archive(shelf.s3_client, shelf.bucket, shelf.prefix, run=shelf.run.run)
    assert shelf.everything() == sorted([f"{neighbours_prefix}1.dat.zst", f"{neighbours_prefix}toc.dat"])
    with pytest.raises(NotOurs):
        delete_archive(shelf.s3_client, shelf.bucket, neighbours_prefix, run=shelf.run.run)


@pytest.mark.parametrize("which", ["nobody", "another run", "another env"])
def test_one_object_that_is_not_this_runs_and_nothing_is_deleted(
    which: str, shelf: Shelf, new_run: NewRun
) -> None:
    owners = {"nobody": None, "another run": new_run()[0], "another env": replace(shelf.run, env="dev")}
    shelf.put("toc.dat", shelf.run)
    shelf.put("1.dat.zst", owners[which])
    before = shelf.everything()
    with pytest.raises(NotOurs, match=r"1\.dat\.zst"):
        delete_archive(shelf.s3_client, shelf.bucket, shelf.prefix, run=shelf.run.run)
    assert shelf.everything() == before


@pytest.mark.parametrize("prefix", ["", "refresh/", "refresh/staging/shop/"])
def test_a_prefix_that_is_not_an_archives_is_refused(prefix: str, shelf: Shelf) -> None:
    shelf.put("toc.dat", shelf.run)
    with pytest.raises(NotOurs, match="isn't the prefix of an archive"):
        delete_archive(shelf.s3_client, shelf.bucket, prefix, run=shelf.run.run)
    assert shelf.everything() == [f"{shelf.prefix}toc.dat"]


def test_only_incomplete_archives_are_incomplete(shelf: Shelf, archive: Dumped) -> None:
    run = archive.ownership
    assert delete_incomplete_archive(shelf.s3_client, archive.bucket, archive.prefix, run=run.run) == 0
    assert find_archive(shelf.s3_client, archive.bucket, archive.prefix) == archive.manifest
    shelf.put("toc.dat", shelf.run)
    assert delete_incomplete_archive(shelf.s3_client, shelf.bucket, shelf.prefix, run=shelf.run.run) == 1
    assert shelf.everything() == []
