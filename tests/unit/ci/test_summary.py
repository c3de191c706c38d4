"""What a pipeline's summary says of a run."""

from __future__ import annotations

from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State, StateType

from deployments.ci.summary import summary

ID = UUID("00000000-0000-4000-8000-0123456789ab")


def run(kind: StateType, name: str, message: str | None = None) -> FlowRun:
    return FlowRun(
        id=ID, flow_id=ID, name="refresh-staging", state=State(type=kind, name=name, message=message)
    )


def test_a_completed_runs_summary_is_its_report_with_a_link() -> None:
    text = summary(run(StateType.COMPLETED, "Completed"), markdown="# staging: 3 rows\n", ui_url="http://p")
    assert text.splitlines()[0] == f"✅ [refresh-staging](http://p/runs/flow-run/{ID}): **Completed**"
    assert text.endswith("\n\n# staging: 3 rows\n")


def test_a_run_without_a_report_says_why_it_ended_as_it_did_and_its_text_is_no_markdown() -> None:
    message = "Flow run encountered an exception: PolicyInvalid: <b>policy.yaml</b>\n# no title"
    failed = run(StateType.FAILED, "Failed", message)
    text = summary(failed, markdown=None, ui_url="http://p")
    assert text.startswith("❌ ")
    assert text.splitlines()[2:] == ["    <b>policy.yaml</b>", "    # no title"]


def test_what_another_error_says_stays_in_prefect() -> None:
    failed = run(StateType.FAILED, "Failed", "Flow run encountered an exception: KeyError: a@b.example")
    assert "a@b.example" not in summary(failed, markdown=None, ui_url="")


def test_a_run_that_goes_on_is_not_called_ended() -> None:
    assert summary(run(StateType.RUNNING, "Running"), markdown=None, ui_url="").startswith("⏳ ")
