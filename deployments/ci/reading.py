"""What a pipeline reads: the login of the Prefect server, and the report of the run that it started."""

from __future__ import annotations

from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterTags,
)
from prefect.client.schemas.sorting import FlowRunSort
from prefect_aws import AwsCredentials

from contracts.errors import ConfigurationError, PreconditionFailed
from deployments.ci.summary import summary
from tasks.secrets.secrets_manager import read_aws_secret


def login_of(secret_arn: str) -> str:
    """``user:password`` of the Prefect server.

    Raises:
        ConfigurationError: the secret is something else.
    """
    region = secret_arn.split(":")[3] if secret_arn.startswith("arn:") else None
    login = read_aws_secret(AwsCredentials(region_name=region), secret_arn).get_secret_value().strip()
    # In more than one line it would set other variables of the pipeline too.
    if len(login.splitlines()) != 1 or not all(login.partition(":")):
        raise ConfigurationError(
            "it isn't user:password in one line",
            resource=f"secret {secret_arn}",
            remedy="Store in it what the Prefect server has as PREFECT_SERVER_API_AUTH_STRING.",
        )
    return login


def report_of(tag: str) -> str:
    """The report of the newest run that has ``tag``, as Markdown.

    Raises:
        PreconditionFailed: there is no such run, or Prefect couldn't be asked.
    """
    try:
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[tag])),
                sort=FlowRunSort.EXPECTED_START_TIME_DESC,
                limit=1,
            )
            if not runs:
                raise PreconditionFailed(
                    "no run has it",
                    resource=f"tag {tag}",
                    remedy="See the step before: Prefect refused the parameters, or couldn't be asked.",
                )
            ui_url = str(client.api_url).rstrip("/").removesuffix("/api")
            return summary(runs[0], markdown=_artifact_of(client, runs[0].id), ui_url=ui_url)
    except httpx.HTTPError as error:  # Prefect's own error of a status is one too
        raise PreconditionFailed(
            f"it couldn't be asked ({type(error).__name__})",
            resource="the Prefect server",
            remedy="Check PREFECT_API_URL, PREFECT_API_AUTH_STRING and the network.",
        ) from None


def _artifact_of(client: SyncPrefectClient, flow_run_id: UUID) -> str | None:
    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
    )
    return next((str(artifact.data) for artifact in found if artifact.type == "markdown"), None)
