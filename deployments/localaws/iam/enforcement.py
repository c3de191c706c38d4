"""IAM in force: asked before each call, it answers with AWS's own refusal or lets the call through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from deployments.localaws.faults import Refusal
from deployments.localaws.iam.demands import demands_of
from deployments.localaws.iam.evaluation import Demand, Principal, denied_because
from deployments.localaws.iam.facts import Facts
from deployments.localaws.iam.identities import principal_of
from deployments.localaws.wire import Request


@dataclass(frozen=True, kw_only=True)
class Denial:
    """A demand of a call that wasn't allowed."""

    principal: str
    call: str
    """Of the request, such as ``s3:CreateMultipartUpload``."""
    action: str
    """That was denied: the call's own, or one that it depends on."""
    resource: str
    reason: str


def stand_in_for_moto() -> None:
    """Take bucket policies out of moto's hands: it reads them without their conditions, and denies too much.

    Ours is asked before moto is. That a bucket is public to unsigned requests isn't modelled.
    """
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]


class Enforcement:
    """Off at first. On, it holds for roles' sessions and users; an account's own key (its number) may do all.

    Signatures aren't checked, but those of tokens that open a database: who knows a session's access key id is taken
    for that session.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.is_secure_transport = True
        """What ``aws:SecureTransport`` says. Local AWS speaks HTTP on this machine alone, and passes for HTTPS."""
        self._lock = threading.Lock()
        self._denials: list[Denial] = []
        self._demands: set[tuple[str, str]] = set()

    @property
    def denials(self) -> tuple[Denial, ...]:
        with self._lock:
            return tuple(self._denials)

    @property
    def demanded(self) -> frozenset[tuple[str, str]]:
        """(action, resource) of all that was allowed: what a policy must at least have."""
        with self._lock:
            return frozenset(self._demands)

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """On within the context. Denials are counted from its beginning."""
        with self._lock:
            self._denials.clear()
            self._demands.clear()
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False

    def refuse(self, request: Request, account: str) -> Refusal | None:
        """The refusal that this call gets; None where it is allowed, or nobody asks."""
        if not self.is_on:
            return None
        principal = principal_of(request.access_key, account)
        if principal is None:
            return None
        facts = Facts(account, request.region)
        for demand in demands_of(request, facts):
            known = {
                "aws:securetransport": (str(self.is_secure_transport).lower(),),
                "aws:requestedregion": (request.region,),
                **demand.context,
            }
            reason = denied_because(replace(demand, context=known), principal)
            if reason is not None:
                return self._deny(request, demand, principal, reason)
            with self._lock:
                self._demands.add((demand.action, demand.resource))
        return None

    def refuse_login(self, *, access_key: str, account: str, region: str, resource: str) -> str | None:
        """Why a token of this key opens no database user; None where it does, or nobody asks.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrdsiamauthentication.html
        """
        principal = principal_of(access_key, account) if self.is_on else None
        if principal is None:
            return None
        demand = Demand(
            action="rds-db:connect", resource=resource, context={"aws:requestedregion": (region,)}
        )
        reason = denied_because(demand, principal)
        if reason is not None:
            self._note_denial("rds-db:connect", demand, principal, reason)
            return f"{principal.arn} is not authorized to perform rds-db:connect on {resource} {reason}"
        with self._lock:
            self._demands.add((demand.action, demand.resource))
        return None

    def _note_denial(self, call: str, demand: Demand, principal: Principal, reason: str) -> None:
        with self._lock:
            self._denials.append(
                Denial(
                    principal=principal.arn,
                    call=call,
                    action=demand.action,
                    resource=demand.resource,
                    reason=reason,
                )
            )

    def _deny(self, request: Request, demand: Demand, principal: Principal, reason: str) -> Refusal:
        self._note_denial(f"{request.service}:{request.action}", demand, principal, reason)
        message = (
            f"User: {principal.arn} is not authorized to perform: {demand.action}"
            f" on resource: {demand.resource} {reason}"
        )
        return _worded(request.service, demand.action, message)


def _worded(service: str, action: str, message: str) -> Refusal:
    # RDS doesn't tell a key that isn't there from one that the caller may not use.
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
    if service == "rds" and action.startswith("kms:"):
        return Refusal(code="KMSKeyNotAccessibleFault", message=message, status=400)
    if service in _JSON_SERVICES:
        return Refusal(code="AccessDeniedException", message=message, status=400)
    return Refusal(code="AccessDenied", message=message, status=403)


_JSON_SERVICES = {"secretsmanager", "kms", "ecs", "logs", "events", "tagging"}
