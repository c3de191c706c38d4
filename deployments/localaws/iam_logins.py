"""Whether a token opens a cluster to a user: whose key signed it, until when, for whom, and what IAM says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from deployments.localaws.auth_tokens import AuthToken, read_token
from deployments.localaws.iam.identities import secret_key_of
from deployments.localaws.login_gate import LoginGate

if TYPE_CHECKING:
    from deployments.localaws.clusters import Cluster


def make_gate(cluster: Cluster) -> LoginGate:
    """The gate of a cluster with IAM database authentication, not started."""
    server = cluster.server
    return LoginGate(
        port=cluster.port,
        socket=server.directory / "s" / f".s.PGSQL.{cluster.port}",
        certificate=server.data_directory / "server.crt",
        private_key=server.data_directory / "server.key",
        has_to_use_iam=lambda user: _is_member_of_rds_iam(cluster, user),
        refusal=lambda user, password: refusal_of(cluster, user, password),
        report=lambda what: cluster.region.host.report(f"{cluster.arn}: {what}"),
    )


def refusal_of(cluster: Cluster, user: str, password: str) -> str | None:
    """Why ``password`` doesn't open the cluster to ``user``; None where it does. The reason holds nothing secret."""
    token = read_token(password)
    if token is None:
        return "the password is no token"
    if token.place != cluster.endpoint:
        return f"the token is for {token.place}"
    if token.user != user:
        return f"the token is for user {token.user}"
    if token.region != cluster.region.name:
        return f"the token is for region {token.region}"
    if not token.is_current(datetime.now(UTC)):
        return f"the token has been signed at {token.signed_at.isoformat()}"
    return _identity_refusal(cluster, token)


def _identity_refusal(cluster: Cluster, token: AuthToken) -> str | None:
    account = cluster.region.account_id
    secret_key = secret_key_of(token.access_key, token.session_token, account)
    if secret_key is None or not token.is_signed_with(secret_key):
        return "the signature isn't that of a key which is known here"
    return cluster.region.host.iam.refuse_login(
        access_key=token.access_key,
        account=account,
        region=cluster.region.name,
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
        resource=f"arn:aws:rds-db:{cluster.region.name}:{account}:dbuser:{cluster.resource_id}/{token.user}",
    )


def _is_member_of_rds_iam(cluster: Cluster, user: str) -> bool:
    with psycopg.connect(cluster.server.superuser_conninfo(), autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_has_role(oid, 'rds_iam', 'MEMBER') FROM pg_roles WHERE rolname = %s AND NOT rolsuper",
            (user,),
        ).fetchone()
    return row is not None and bool(row[0])
