"""Calls of S3, those that move data too.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

from deployments.localaws.iam.demands.kms import via_service
from deployments.localaws.iam.documents import Document, read_document
from deployments.localaws.iam.evaluation import Demand
from deployments.localaws.iam.facts import Facts
from deployments.localaws.iam.patterns import Context
from deployments.localaws.wire import Request

#: Where the action of a policy isn't called as the operation is.
_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "ListBuckets": "ListAllMyBuckets",
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "UploadPartCopy": "PutObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "PutBucketReplication": "PutReplicationConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "DeleteBucketCors": "PutBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "GetBucketCors": "GetBucketCORS",
    "DeleteBucketTagging": "PutBucketTagging",
}
#: Of these, a version's own action when the request names one.
_OF_VERSION = {
    "GetObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "GetObjectAcl": "GetObjectVersionAcl",
}
_STARTING = {"PutObject", "CreateMultipartUpload", "CopyObject"}
_CONTINUING = {"UploadPart", "CompleteMultipartUpload", "UploadPartCopy"}


def demands(request: Request, facts: Facts) -> list[Demand]:
    bucket, key = request.parameters.get("Bucket", ""), request.parameters.get("Key")
    if request.action == "DeleteObjects":
        # AWS deletes what is allowed and names the rest; here one that is denied ends the whole call.
        return [
            _object(_of_version("DeleteObject", version), bucket, name, request, facts, version)
            for name, version in keys_to_delete(request.body)
        ]
    action = _ACTIONS.get(request.action, request.action)
    if key is None:
        return [_bucket(action, bucket, request, facts)]
    version = request.query.get("versionId")
    needed = [_object(_of_version(action, version), bucket, key, request, facts, version)]
    headers = request.headers
    if request.action in _STARTING:
        if "x-amz-tagging" in headers:
            needed.append(_object("PutObjectTagging", bucket, key, request, facts))
        if "x-amz-acl" in headers:
            needed.append(_object("PutObjectAcl", bucket, key, request, facts))
        needed += _of_written_key(request, bucket, facts)
    if source := headers.get("x-amz-copy-source"):
        from_bucket, _, from_key = unquote(source).partition("?")[0].lstrip("/").partition("/")
        needed.append(_object("GetObject", from_bucket, from_key, request, facts))
        needed += _of_read_key(from_bucket, from_key, None, facts)
    if request.action in _CONTINUING:
        needed += via_service("s3", ("Decrypt",), _key_of_upload(request, bucket, facts), facts)
    if action == "GetObject":
        needed += _of_read_key(bucket, key, version, facts)
        if facts.object_version(bucket, key, version) is None:
            # Only who may list a bucket is told that something isn't there.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
            needed.append(_bucket("ListBucket", bucket, request, facts))
    return needed


def keys_to_delete(body: bytes) -> list[tuple[str, str | None]]:
    """(key, version) of each object that a ``DeleteObjects`` names."""
    from xml.etree import ElementTree

    found = []
    for item in ElementTree.fromstring(body).iter():  # noqa: S314 - our own tests' requests
        if item.tag.endswith("}Object") or item.tag == "Object":
            texts = {child.tag.rpartition("}")[2]: child.text or "" for child in item}
            found.append((texts.get("Key", ""), texts.get("VersionId")))
    return found


def _of_version(action: str, version: str | None) -> str:
    return _OF_VERSION.get(action, action) if version else action


def _bucket(action: str, bucket: str, request: Request, facts: Facts) -> Demand:
    resource = f"arn:aws:s3:::{bucket}" if bucket else "*"
    keys = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
    context = {key: (request.query[name],) for name, key in keys.items() if name in request.query}
    return _demand(action, resource, bucket, context, facts)


def _object(
    action: str, bucket: str, key: str, request: Request, facts: Facts, version: str | None = None
) -> Demand:
    context: dict[str, tuple[str, ...]] = {}
    for name in ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-acl"):
        if name in request.headers:
            context[f"s3:{name}"] = (request.headers[name],)
    if version:
        context["s3:versionid"] = (version,)
    tags = dict(parse_qsl(request.headers.get("x-amz-tagging", ""), keep_blank_values=True))
    if tags:
        context |= {f"s3:requestobjecttag/{name}".lower(): (value,) for name, value in tags.items()}
        context["s3:requestobjecttagkeys"] = tuple(tags)
    item = facts.object_version(bucket, key, version)
    if item is not None:
        existing = facts.object_tags(item)
        context |= {f"s3:existingobjecttag/{name}".lower(): (value,) for name, value in existing.items()}
    return _demand(action, f"arn:aws:s3:::{bucket}/{key}", bucket, context, facts)


def _demand(action: str, resource: str, bucket: str, context: Context, facts: Facts) -> Demand:
    found = facts.bucket(bucket)
    return Demand(
        action=f"s3:{action}",
        resource=resource,
        context=context,
        resource_policy=_policy(found),
        resource_account=facts.account if found is None else str(found.account_id),
    )


def _policy(bucket: Any) -> Document | None:
    if bucket is None or not bucket.policy:
        return None
    text = bucket.policy
    return read_document(text.decode() if isinstance(text, bytes) else text)


def _of_written_key(request: Request, bucket: str, facts: Facts) -> list[Demand]:
    """A new object's data key comes from the KMS key that the request names, else from the bucket's."""
    kind = request.headers.get("x-amz-server-side-encryption")
    key = request.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    if kind is None:
        kind, key = _bucket_default(facts.bucket(bucket))
    if kind != "aws:kms":
        return []
    return via_service("s3", ("GenerateDataKey",), key or "alias/aws/s3", facts)


def _of_read_key(bucket: str, key: str, version: str | None, facts: Facts) -> list[Demand]:
    item = facts.object_version(bucket, key, version)
    if item is None or getattr(item, "encryption", None) != "aws:kms":
        return []
    return via_service("s3", ("Decrypt",), item.kms_key_id or "alias/aws/s3", facts)


def _key_of_upload(request: Request, bucket: str, facts: Facts) -> str | None:
    """Of an upload that is under way: its parts are encrypted with the same data key, which S3 must open again."""
    found = facts.bucket(bucket)
    upload = found.multiparts.get(request.query.get("uploadId", "")) if found is not None else None
    if upload is None or upload.sse_encryption not in ("aws:kms", None):
        return None
    if upload.sse_encryption is None:
        kind, key = _bucket_default(found)
        return (key or "alias/aws/s3") if kind == "aws:kms" else None
    return upload.kms_key_id or "alias/aws/s3"


def _bucket_default(bucket: Any) -> tuple[str | None, str | None]:
    """(algorithm, key) of a bucket's default encryption."""
    if bucket is None or not bucket.encryption:
        return None, None
    rule = bucket.encryption["Rule"]
    rules = rule if isinstance(rule, list) else [rule]
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
    return default.get("SSEAlgorithm"), default.get("KMSMasterKeyID")
