"""What a fleet decides, and what it says at its end."""

from __future__ import annotations

from uuid import uuid4

from contracts.errors import FleetIncomplete
from contracts.fleet import EarlierRun, EnvRun, FleetReport, each_once, start_key
from contracts.messages import fleet_markdown, fleet_message

FLEET = uuid4()
REPORT = FleetReport(
    runs=(
        EnvRun(env="dev", state="Completed", seconds=185, run_url="http://p/runs/1", is_completed=True),
        EnvRun(env="staging", state="Failed", seconds=3, run_url="http://p/runs/2", is_completed=False),
    ),
    seconds=190,
)


def earlier(env: str, *, final: bool, completed: bool = False) -> EarlierRun:
    return EarlierRun(env=env, is_final=final, is_completed=completed)


def test_an_env_that_is_named_twice_is_refreshed_once() -> None:
    assert each_once(["staging", "dev", "staging"]) == ("staging", "dev")


def test_each_env_of_each_fleet_has_a_key_of_its_own() -> None:
    keys = {start_key(fleet, env, []) for fleet in (FLEET, uuid4()) for env in ("dev", "staging")}
    assert len(keys) == 4


def test_a_fleet_that_runs_again_takes_up_what_is_under_way_and_what_was_completed() -> None:
    first = start_key(FLEET, "dev", [])
    assert start_key(FLEET, "dev", [earlier("dev", final=False)]) == first
    assert start_key(FLEET, "dev", [earlier("dev", final=True, completed=True)]) == first


def test_a_fleet_that_runs_again_starts_another_run_only_for_the_env_whose_last_one_ended_badly() -> None:
    failed = [earlier("dev", final=True)]
    assert start_key(FLEET, "dev", failed) != start_key(FLEET, "dev", [])
    assert start_key(FLEET, "staging", failed) == start_key(FLEET, "staging", [])
    assert start_key(FLEET, "dev", [*failed, earlier("dev", final=False)]) == start_key(FLEET, "dev", failed)


def test_the_report_has_one_line_per_env_with_state_duration_and_link() -> None:
    _head, *lines, own = fleet_message(REPORT, "http://p/runs/0").splitlines()
    assert lines == [
        ":white_check_mark: *dev*: Completed, 3 min 05 s, http://p/runs/1",
        ":x: *staging*: Failed, 3.0 s, http://p/runs/2",
    ]
    assert own == "http://p/runs/0"
    assert "| staging | Failed | 3.0 s | http://p/runs/2 |" in fleet_markdown(REPORT).splitlines()


def test_the_report_counts_what_was_refreshed() -> None:
    assert ":x: *fleet*: 1 of 2 envs refreshed, in 3 min 10 s." in fleet_message(REPORT, "")
    assert fleet_message(FleetReport(runs=REPORT.runs[:1], seconds=1), "").startswith(":white_check_mark:")


def test_its_error_names_the_envs_that_were_not_refreshed() -> None:
    error = FleetIncomplete(envs=REPORT.not_refreshed, of=2)
    assert "1 of 2 envs weren't refreshed: staging" in str(error)
