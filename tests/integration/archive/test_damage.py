"""An archive that isn't what its manifest says is refused, naming the object. Each test damages its own copy."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contracts.errors import ArchiveInvalid, PreconditionFailed
from contracts.manifest import Manifest
from tasks.archive.load import load_archive
from tasks.archive.store import find_archive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.integration.archive.conftest import Databases, Dumped

Load = Callable[["Dumped"], None]


@pytest.fixture
def copy(archive: Dumped, s3_client: S3Client) -> Dumped:
    """The shop's archive below another prefix."""
    prefix = f"copies/{uuid.uuid4().hex}/"
    for item in s3_client.list_objects_v2(Bucket=archive.bucket, Prefix=archive.prefix)["Contents"]:
        s3_client.copy_object(
            Bucket=archive.bucket,
            Key=prefix + item["Key"].removeprefix(archive.prefix),
            CopySource={"Bucket": archive.bucket, "Key": item["Key"]},
        )
    return replace(archive, prefix=prefix)


@pytest.fixture
def load(databases: Databases, empty_database: str, s3_client: S3Client) -> Load:
    def load(copy: Dumped) -> None:
        manifest = find_archive(s3_client, copy.bucket, copy.prefix)
        assert manifest is not None
        load_archive(
            login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=s3_client,
            bucket=copy.bucket, prefix=copy.prefix, manifest=manifest,
        )  # fmt: skip

    return load


def object_of(manifest: Manifest, table: str) -> str:
    return next(item.object_name for item in manifest.tables if item.table == table)


def rewrite(s3_client: S3Client, copy: Dumped, name: str, change: Callable[[bytes], bytes]) -> None:
    body = s3_client.get_object(Bucket=copy.bucket, Key=copy.prefix + name)["Body"].read()
    s3_client.put_object(Bucket=copy.bucket, Key=copy.prefix + name, Body=change(body))


def flipped(at: float) -> Callable[[bytes], bytes]:
    def flip(body: bytes) -> bytes:
        index = int(len(body) * at)
        return body[:index] + bytes([body[index] ^ 0x10]) + body[index + 1 :]

    return flip


@pytest.mark.parametrize("at", [0.0, 0.5, 0.97])
@pytest.mark.parametrize("table", ["public.users", "public.big"])
def test_a_flipped_byte_names_the_object(
    table: str, at: float, copy: Dumped, s3_client: S3Client, load: Load
) -> None:
    name = object_of(copy.manifest, table)
    rewrite(s3_client, copy, name, flipped(at))
    with pytest.raises(ArchiveInvalid, match=f"{copy.prefix}{name}"):
        load(copy)


def test_a_flipped_byte_in_the_toc_names_it_and_touches_nothing(
    copy: Dumped, s3_client: S3Client, load: Load, databases: Databases, empty_database: str
) -> None:
    rewrite(s3_client, copy, "toc.dat", flipped(0.5))
    with pytest.raises(ArchiveInvalid, match=r"toc\.dat"):
        load(copy)
    assert databases.contents(empty_database) == {}


@pytest.mark.parametrize("name", ["toc.dat", "public.users", "public.big"])
def test_a_missing_object_is_named_before_anything_is_touched(
    name: str, copy: Dumped, s3_client: S3Client, load: Load, databases: Databases, empty_database: str
) -> None:
    name = name if name == "toc.dat" else object_of(copy.manifest, name)
    s3_client.delete_object(Bucket=copy.bucket, Key=copy.prefix + name)
    with pytest.raises(ArchiveInvalid, match=f"{copy.prefix}{name}.*isn't there"):
        load(copy)
    assert databases.contents(empty_database) == {}


@pytest.mark.parametrize("cut", [1, 40])
def test_a_truncated_object_is_named_before_anything_is_touched(
    cut: int, copy: Dumped, s3_client: S3Client, load: Load, databases: Databases, empty_database: str
) -> None:
    name = object_of(copy.manifest, "public.big")
    rewrite(s3_client, copy, name, lambda body: body[:-cut])
    with pytest.raises(ArchiveInvalid, match=f"{copy.prefix}{name}"):
        load(copy)
    assert databases.contents(empty_database) == {}


def test_without_a_manifest_there_is_no_archive(copy: Dumped, s3_client: S3Client) -> None:
    s3_client.delete_object(Bucket=copy.bucket, Key=f"{copy.prefix}manifest.json")
    assert find_archive(s3_client, copy.bucket, copy.prefix) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[: len(body) // 2],
        lambda body: body.replace(b'"rows": 500', b'"rows": 501', 1),
        lambda body: body.replace(b'"format": 1', b'"format": 2'),
        lambda body: body.replace(b'"toc.dat"', b'"../toc.dat"'),
    ],
    ids=("cut", "rows", "format", "name"),
)
def test_a_changed_manifest_is_refused(
    change: Callable[[bytes], bytes], copy: Dumped, s3_client: S3Client
) -> None:
    rewrite(s3_client, copy, "manifest.json", change)
    with pytest.raises(ArchiveInvalid, match=r"manifest\.json"):
        find_archive(s3_client, copy.bucket, copy.prefix)


def test_an_archive_of_other_rows_is_refused_by_their_number(
    copy: Dumped, s3_client: S3Client, load: Load
) -> None:
    """The manifest agrees with itself and with the bytes, but not on how many rows these are."""
    rewrite(s3_client, copy, "manifest.json", lambda body: body.replace(b'"rows": 500,', b'"rows": 499,'))
    with pytest.raises(ArchiveInvalid, match=r"holds 500 rows of public\.users, the manifest lists 499"):
        load(copy)


def test_a_database_that_holds_something_is_refused(
    copy: Dumped, load: Load, databases: Databases, empty_database: str
) -> None:
    with databases.superuser(empty_database) as connection:
        connection.execute("CREATE TABLE public.mine (id int)")
    with pytest.raises(PreconditionFailed, match=r"holds 1 relations"):
        load(copy)
