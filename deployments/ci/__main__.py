"""``python -m deployments.ci --tag TAG``: the report of the run that was started with TAG, as Markdown.

For a pipeline's summary, after ``prefect deployment run … --tag TAG --watch``, whose exit code says how it ended.
Exit codes: 0 the report is printed, whatever it says; 1 there is no such run, or Prefect can't be asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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
from prefect.exceptions import PrefectHTTPStatusError

from contracts.errors import PreconditionFailed, RefreshError
from deployments.ci.summary import summary


def report_of(tag: str) -> str:
    """The report of the newest run that has ``tag``.

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
            markdown = _artifact_of(client, runs[0].id)
            return summary(runs[0], markdown=markdown, ui_url=_ui_url(client))
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
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


def _ui_url(client: SyncPrefectClient) -> str:
    return str(client.api_url).rstrip("/").removesuffix("/api")


def main(arguments: Sequence[str] | None = None) -> int:
    about, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m deployments.ci", description=about, epilog=rest)
    parser.add_argument("--tag", required=True, help="that the run was started with")
    options = parser.parse_args(arguments)
    try:
        print(report_of(options.tag))
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
