"""Whose an access key is, and which policies its identity has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from deployments.localaws.iam.documents import Document, read_document
from deployments.localaws.iam.evaluation import Principal

#: Of an account's own key, which is its number.
ACCOUNT_SECRET_KEY = "local"  # noqa: S105 - known to everybody


def secret_key_of(access_key: str, session_token: str, account: str) -> str | None:
    """The secret key with which ``access_key`` signs in ``account``; None where it may not, or no longer."""
    for session in list(sts_backends[account]["aws"].assumed_roles):
        if session.access_key_id == access_key:
            is_valid = session.session_token == session_token and utcnow() < session.expiration
            return str(session.secret_access_key) if is_valid else None
    iam: Any = iam_backends[account]["aws"]
    for user in list(iam.users.values()):
        for key in user.access_keys:
            if key.access_key_id == access_key:
                return str(key.secret_access_key) if key.status == "Active" else None
    is_other_account = access_key.isdigit() and access_key != account
    return None if is_other_account else ACCOUNT_SECRET_KEY


def principal_of(access_key: str, account: str) -> Principal | None:
    """A role's session or a user; None for an account's own key (its twelve digits), which may do all."""
    for session in list(sts_backends[account]["aws"].assumed_roles):
        if session.access_key_id == access_key:
            return _role_session(session)
    iam: Any = iam_backends[account]["aws"]
    for user in list(iam.users.values()):
        if any(key.access_key_id == access_key for key in user.access_keys):
            return Principal(
                arn=user.arn, identity_arn=user.arn, account=account, policies=tuple(_policies_of(user))
            )
    return None


def _role_session(session: Any) -> Principal:
    iam: Any = iam_backends[session.account_id]["aws"]
    role = next((role for role in iam.get_roles() if role.arn == session.role_arn), None)
    limits = [read_document(session.policy)] if session.policy else []
    if role is not None and role.permissions_boundary_arn:
        limits.append(_text_of(iam.get_policy(role.permissions_boundary_arn)))
    return Principal(
        arn=session.arn,
        identity_arn=session.role_arn,
        account=session.account_id,
        policies=() if role is None else tuple(_policies_of(role)),
        limits=tuple(limits),
    )


def _policies_of(identity: Any) -> Iterator[Document]:
    inline = identity.policies
    texts = inline.values() if isinstance(inline, dict) else [given["policy_document"] for given in inline]
    for text in texts:
        yield read_document(text if isinstance(text, str) else json.dumps(text))
    for managed in list(identity.managed_policies.values()):
        yield _text_of(managed)


def _text_of(managed: Any) -> Document:
    return read_document(next(version.document for version in managed.versions if version.is_default))
