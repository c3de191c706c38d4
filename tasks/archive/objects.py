"""One archive's objects in S3: written in parts as frames come in, read back part by part."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError

from contracts.errors import ArchiveInvalid, AwsError
from contracts.manifest import ArchivedObject, ArchivedPart
from contracts.ownership import Ownership
from tasks.archive.frames import Frame
from tasks.archive.layout import S3_PARTS_MAX, Sizes
from tasks.aws import aws_errors, has_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_READ_BYTES = 256 << 10
_DAMAGED = "The object was changed or cut off after it was written: take a new dump."


@dataclass(frozen=True, kw_only=True)
class Place:
    """An archive's prefix in a bucket (with a slash at its end), and what is said of each object put there."""

    client: S3Client
    bucket: str
    prefix: str
    ownership: Ownership
    kms_key_id: str | None = None

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def put_arguments(self) -> dict[str, Any]:
        """Tags, and SSE-KMS with our key where there is one; else the bucket's own default applies."""
        arguments: dict[str, Any] = {"Tagging": urlencode(self.ownership.tags())}
        if self.kms_key_id:
            arguments |= {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": self.kms_key_id,
                "BucketKeyEnabled": True,
            }
        return arguments

    def put(self, name: str, body: bytes) -> None:
        """One object at once."""
        with aws_errors(f"{self.uri}{name}", doing="writing it"):
            self.client.put_object(
                Bucket=self.bucket, Key=self.prefix + name, Body=body, **self.put_arguments()
            )


@dataclass
class _Buffer:
    """Frames that aren't uploaded yet: what will be part ``number``."""

    number: int
    offset: int
    frames: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    rows: int = 0


class ObjectWriter:
    """One object, to which several threads add frames; the order is that of their coming.

    A small object is put at once; a larger one is a multipart upload, which :meth:`abort` takes back.
    """

    def __init__(self, place: Place, name: str, sizes: Sizes) -> None:
        self._place = place
        self._name = name
        self._sizes = sizes
        self._lock = threading.Lock()
        self._buffer = _Buffer(number=1, offset=0)
        self._sha256 = hashlib.sha256()
        self._parts: list[ArchivedPart] = []
        self._upload_id: str | None = None
        self._etags: dict[int, str] = {}

    def write(self, frame: Frame) -> None:
        """Add a frame. Uploads a part, in this thread, once there is enough for one."""
        with self._lock:
            buffer = self._buffer
            buffer.frames.append(frame.data)
            buffer.size_bytes += len(frame.data)
            buffer.rows += frame.rows
            self._sha256.update(frame.data)
            if buffer.size_bytes < self._sizes.part_size(buffer.number):
                return
            body = self._cut()
            self._begin_upload()
        self._upload(buffer.number, body)

    def close(self, last: Frame) -> tuple[ArchivedObject, tuple[ArchivedPart, ...]]:
        """Add the last frame and finish the object. No other thread writes any more."""
        buffer = self._buffer
        buffer.frames.append(last.data)
        buffer.size_bytes += len(last.data)
        self._sha256.update(last.data)
        body = self._cut()
        if self._upload_id is None:
            self._place.put(self._name, body)
        else:
            self._upload(buffer.number, body)
            self._complete(self._upload_id)
        archived = ArchivedObject(
            name=self._name,
            size_bytes=sum(part.size_bytes for part in self._parts),
            sha256=self._sha256.hexdigest(),
        )
        return archived, tuple(self._parts)

    def abort(self) -> None:
        """Take back what was uploaded, if it wasn't completed."""
        upload_id, self._upload_id = self._upload_id, None
        if upload_id is not None:
            with aws_errors(self._resource, doing="aborting its upload"):
                self._place.client.abort_multipart_upload(**self._key, UploadId=upload_id)

    @property
    def _resource(self) -> str:
        return f"{self._place.uri}{self._name}"

    @property
    def _key(self) -> dict[str, Any]:
        return {"Bucket": self._place.bucket, "Key": self._place.prefix + self._name}

    def _cut(self) -> bytes:
        """The buffer as one part's bytes; the next frame begins a new part."""
        buffer = self._buffer
        body = b"".join(buffer.frames)
        buffer.frames.clear()
        self._parts.append(
            ArchivedPart(
                offset=buffer.offset,
                size_bytes=len(body),
                rows=buffer.rows,
                sha256=hashlib.sha256(body).hexdigest(),
            )
        )
        self._buffer = _Buffer(number=buffer.number + 1, offset=buffer.offset + len(body))
        return body

    def _begin_upload(self) -> None:
        if self._upload_id is None:
            with aws_errors(self._resource, doing="beginning its upload"):
                self._upload_id = self._place.client.create_multipart_upload(
                    **self._key, **self._place.put_arguments()
                )["UploadId"]

    def _upload(self, number: int, body: bytes) -> None:
        upload_id = self._upload_id
        if upload_id is None:
            raise RuntimeError("its upload was aborted")
        if number > S3_PARTS_MAX:
            raise AwsError(
                f"the table needs more than {S3_PARTS_MAX} parts",
                resource=self._resource,
                remedy="Mask it as empty, or by a `where` that leaves less of it.",
            )
        with aws_errors(self._resource, doing=f"uploading part {number}"):
            self._etags[number] = self._place.client.upload_part(
                **self._key, UploadId=upload_id, PartNumber=number, Body=body
            )["ETag"]

    def _complete(self, upload_id: str) -> None:
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": etag} for number, etag in sorted(self._etags.items())
        ]
        with aws_errors(self._resource, doing="completing its upload"):
            self._place.client.complete_multipart_upload(
                **self._key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        self._upload_id = None


def read_object(client: S3Client, bucket: str, key: str, *, resource: str) -> bytes | None:
    """A small object's bytes; None where there is none."""
    with aws_errors(resource, doing="reading it"):
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if has_code(error, "NoSuchKey", "404"):
                return None
            raise


def read_whole(client: S3Client, bucket: str, prefix: str, item: ArchivedObject) -> bytes:
    """A small object's bytes, which are those of the manifest."""
    resource = f"s3://{bucket}/{prefix}{item.name}"
    body = read_object(client, bucket, prefix + item.name, resource=resource)
    if body is None:
        raise missing(resource)
    if len(body) != item.size_bytes or hashlib.sha256(body).hexdigest() != item.sha256:
        raise damaged(resource)
    return body


def read_parts(
    client: S3Client, bucket: str, prefix: str, name: str, parts: Sequence[ArchivedPart]
) -> Iterator[bytes]:
    """The bytes of consecutive parts by one request, each part checked against its SHA-256 at its end."""
    resource = f"s3://{bucket}/{prefix}{name}"
    first, last = parts[0].offset, parts[-1].offset + parts[-1].size_bytes - 1
    try:
        body = client.get_object(Bucket=bucket, Key=prefix + name, Range=f"bytes={first}-{last}")["Body"]
        with body:
            for part in parts:
                sha256, left = hashlib.sha256(), part.size_bytes
                while left:
                    piece = body.read(min(left, _READ_BYTES))
                    if not piece:
                        raise damaged(resource)
                    sha256.update(piece)
                    left -= len(piece)
                    yield piece
                if sha256.hexdigest() != part.sha256:
                    raise damaged(resource)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and has_code(error, "NoSuchKey", "404"):
            raise missing(resource) from None
        if isinstance(error, ClientError) and has_code(error, "InvalidRange", "416"):
            raise damaged(resource) from None
        with aws_errors(resource, doing="reading it"):
            raise


def missing(resource: str) -> ArchiveInvalid:
    return ArchiveInvalid(
        "the manifest lists it, but it isn't there",
        resource=resource,
        remedy="It was deleted or has expired: take a new dump.",
    )


def damaged(resource: str) -> ArchiveInvalid:
    return ArchiveInvalid(
        "its bytes aren't those that the manifest lists (size or SHA-256 differ)",
        resource=resource,
        remedy=_DAMAGED,
    )
