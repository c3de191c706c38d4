"""A login by IAM database authentication: no password is kept anywhere, each connection has a token of its own.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
"""

from __future__ import annotations

from pathlib import Path

from prefect_aws import AwsCredentials
from pydantic import SecretStr

from contracts.login import Login
from tasks.aws import aws_errors, client


def iam_login(credentials: AwsCredentials, *, username: str, host: str, port: int, ca_bundle: Path) -> Login:
    """``username`` by tokens that ``credentials`` sign, on this machine. One opens connections for 15 minutes."""

    def token() -> SecretStr:
        with aws_errors(f"database user {username} on {host}:{port}", doing="signing a token for it"):
            return SecretStr(
                client(credentials, "rds").generate_db_auth_token(
                    DBHostname=host, Port=port, DBUsername=username
                )
            )

    return Login(host=host, port=port, username=username, password=token, ca_bundle=ca_bundle)
