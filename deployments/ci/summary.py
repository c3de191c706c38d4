"""What a pipeline's summary says of a run. Pure."""

from __future__ import annotations

from prefect.client.schemas.objects import FlowRun

_MARKS = {"COMPLETED": "✅", "FAILED": "❌", "CRASHED": "❌", "CANCELLED": "⛔"}


def summary(run: FlowRun, *, markdown: str | None, ui_url: str) -> str:
    """The state, the link, and the run's own report; where it wrote none, why it ended as it did.

    A state's message is an error's text. Those of a refresh quote no row and no secret.
    """
    state = run.state
    kind = state.type.value if state else ""
    name = (state.name if state else None) or "Unknown"
    lines = [
        f"{_MARKS.get(kind, '⏳')} [{run.name}]({ui_url}/runs/flow-run/{run.id}): **{name}**",
    ]
    if markdown:
        lines.append(markdown.strip())
    elif state and state.message:
        # Indented, so that nothing in it is taken for Markdown.
        lines.append("\n".join(f"    {line}" for line in state.message.splitlines()))
    return "\n\n".join(lines) + "\n"
