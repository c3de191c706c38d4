"""What a pipeline's summary says of a run. Pure."""

from __future__ import annotations

from prefect.client.schemas.objects import FlowRun

from contracts.state_message import reason_of

_MARKS = {"COMPLETED": "✅", "FAILED": "❌", "CRASHED": "❌", "CANCELLED": "⛔"}


def summary(run: FlowRun, *, markdown: str | None, ui_url: str) -> str:
    """The state, the link, and the run's own report; where it wrote none, why it ended as it did.

    A pipeline's summary is read by more people than Prefect is: only what an error of ours says is told.
    """
    state = run.state
    kind = state.type.value if state else ""
    name = (state.name if state else None) or "Unknown"
    lines = [
        f"{_MARKS.get(kind, '⏳')} [{run.name}]({ui_url}/runs/flow-run/{run.id}): **{name}**",
    ]
    if markdown:
        lines.append(markdown.strip())
    elif state and (reason := reason_of(state.message)):
        # Indented, so that nothing in it is taken for Markdown.
        lines.append("\n".join(f"    {line}" for line in reason.splitlines()))
    return "\n\n".join(lines) + "\n"
