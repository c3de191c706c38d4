"""What may be told of how a mask run in a job of its own ended."""

from __future__ import annotations

from uuid import UUID

import pytest

from contracts.mask_job import reason_of, start_key
from contracts.naming import RunKey

RUN = RunKey(env="staging", flow_run_id=UUID("00000000-0000-4000-8000-0123456789ab"))


def test_each_attempt_of_a_refresh_has_a_mask_run_of_its_own() -> None:
    assert start_key(RUN, 1) != start_key(RUN, 2)
    assert str(RUN.flow_run_id) in start_key(RUN, 1)


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
