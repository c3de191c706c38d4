"""What of a state's message may be told outside Prefect."""

from __future__ import annotations

import pytest

from contracts.state_message import reason_of


def test_the_text_of_an_error_of_ours_is_told() -> None:
    message = "Flow run encountered an exception: PolicyInvalid: policy.yaml:2:1: it isn't YAML."
    assert reason_of(message) == "policy.yaml:2:1: it isn't YAML."


@pytest.mark.parametrize(
    "message",
    [
        None,
        "",
        "Flow run encountered an exception: UniqueViolation: Key (email)=(a@b.example) already exists.",
        "Flow run encountered an exception: Any: x",
        "Process for flow run exited with status code: -9",
    ],
)
def test_any_other_text_is_not_since_it_could_quote_a_row(message: str | None) -> None:
    assert reason_of(message) == ""
