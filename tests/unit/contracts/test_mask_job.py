"""What a mask run in a job of its own is known by."""

from __future__ import annotations

from uuid import UUID

from contracts.mask_job import start_key
from contracts.naming import RunKey

RUN = RunKey(env="staging", flow_run_id=UUID("00000000-0000-4000-8000-0123456789ab"))


def test_each_attempt_of_a_refresh_has_a_mask_run_of_its_own() -> None:
    assert start_key(RUN, 1) != start_key(RUN, 2)
    assert str(RUN.flow_run_id) in start_key(RUN, 1)
