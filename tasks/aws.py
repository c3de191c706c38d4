"""The gate to AWS: clients are made here, and botocore's errors become ours on the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from prefect_aws import AwsCredentials

from contracts.errors import AwsError
from tasks.assumed_role import client_of_assumed_role
from tasks.quiet import withhold_bodies

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

_TRANSIENT_CODES = frozenset(
    {
        "InternalFailure",
        "InternalError",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


@overload
def client(credentials: AwsCredentials, service: Literal["rds"]) -> RDSClient: ...
@overload
def client(credentials: AwsCredentials, service: Literal["s3"]) -> S3Client: ...
@overload
def client(credentials: AwsCredentials, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...


def client(credentials: AwsCredentials, service: str) -> Any:
    """A boto3 client of ``service``, as the block says."""
    if credentials.assume_role_arn:
        with aws_errors(f"role {credentials.assume_role_arn}", doing="assuming it"):
            made = client_of_assumed_role(credentials, service)
    else:
        made = credentials.get_client(service)
    withhold_bodies()
    return cast(Any, made)


@contextmanager
def aws_errors(resource: str, *, doing: str, remedy: str = "") -> Iterator[None]:
    """Translate botocore's errors into :class:`AwsError`; their text names resources and actions, never a secret."""
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        raise AwsError(
            f"AWS refused while {doing} ({code}: {error.response.get('Error', {}).get('Message', '')})",
            resource=resource,
            remedy=remedy or _remedy(code),
            code=code,
            is_transient=code in _TRANSIENT_CODES,
        ) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise AwsError(
            f"AWS couldn't be asked while {doing} ({type(error).__name__})",
            resource=resource,
            remedy="Check the network, the endpoint and the credentials of the task.",
            is_transient=True,
        ) from None


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def has_code(error: ClientError, *codes: str) -> bool:
    """Whether the error has one of ``codes``, in either spelling: five of RDS's lack ``Fault`` on the wire."""
    return error_code(error).removesuffix("Fault") in {code.removesuffix("Fault") for code in codes}


def _remedy(code: str) -> str:
    if code.startswith("AccessDenied") or code in {"403", "Forbidden"}:
        return "The task's role isn't allowed to do this: compare its policy with the documented one."
    if code.endswith(("NotFound", "NotFoundFault", "NotFoundException")) or code in {"NoSuchBucket", "404"}:
        return "Check the name in the environment's file, and the account and region."
    if "Quota" in code or "LimitExceeded" in code:
        return "Free a resource or ask AWS for a higher quota."
    return "See the AWS error code."
