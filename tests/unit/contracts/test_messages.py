"""What people read: counts, names and times."""

from __future__ import annotations

from uuid import UUID

import pytest

from contracts.messages import (
    duration,
    failure_message,
    size,
    snapshot_message,
    success_message,
    summary_markdown,
)
from contracts.report import (
    AcknowledgedFinding,
    ArchiveReport,
    ColumnReport,
    NotSearched,
    RefreshReport,
    StepReport,
    TableReport,
    TargetReport,
    Verification,
)
from contracts.results import Snapshot
from contracts.verdict import Verdict

REPORT = RefreshReport(
    run_key="0123456789ab",
    flow_run_id=UUID("00000000-0000-4000-8000-0123456789ab"),
    env="staging",
    source="shop-production",
    snapshot="arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:it",
    steps=(StepReport(name="clone", seconds=185), StepReport(name="mask", seconds=3.2)),
    tables=(TableReport(table="public.users", rows=43_130, action="full"),),
    columns=(
        ColumnReport(table="public.users", column="id", action="keep"),
        ColumnReport(table="public.users", column="email", action="mask", masker="email"),
    ),
    verification=Verification(verdict="passed", checks=()),
    archive=ArchiveReport(
        uri="s3://bucket/refresh/staging/shop/0123456789ab/", objects=2, size_bytes=1_400_000
    ),
    target=TargetReport(database="shop", rows=43_130, previous="shop__previous"),
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (185, "3 min 05 s"), (4320, "1 h 12 min")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1_400_000, "1.4 MB"), (3_200_000_000_000, "3.2 TB")]
)
def test_sizes_are_for_people(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("preflight", "Nothing was touched"),
        ("mask", "nothing left the clone"),
        ("restore", "begins at the archive"),
        ("cleanup", "janitor"),
    ],
)
def test_a_failure_says_what_to_do_next(step: str, says: str) -> None:
    message = failure_message(
        "staging",
        state="Failed",
        step=step,
        seconds=65,
        reason="cluster x: it broke.",
        run_url="http://ui/run",
    )
    assert says in message
    assert "*staging*" in message
    assert "1 min 05 s" in message
    assert message.endswith("http://ui/run")


@pytest.mark.parametrize(
    "says",
    [
        "*staging*",
        "`shop-production`",
        "43,130 rows, 1 columns masked, in 3 min 08 s.",
        "Steps: clone 3 min 05 s, mask 3.2 s.",
        "Archive: s3://bucket/refresh/staging/shop/0123456789ab/ (1.4 MB).",
        "`shop__previous`, kept for a rollback",
        "\nhttp://ui/run",
    ],
)
def test_a_success_tells_env_rows_steps_with_durations_archive_way_back_and_run(says: str) -> None:
    assert says in success_message(REPORT, "http://ui/run")


def test_a_first_load_offers_no_rollback() -> None:
    first = REPORT.model_copy(update={"target": TargetReport(database="shop", rows=1, previous=None)})
    assert "rollback" not in success_message(first, "http://ui/run")


def test_a_success_tells_its_warnings_too() -> None:
    warned = REPORT.model_copy(update={"warnings": ("role x isn't in the target",)})
    assert ":warning: role x isn't in the target\n" in success_message(warned, "http://ui/run")


def test_a_snapshot_tells_env_source_name_kind_duration_and_run() -> None:
    taken = Snapshot(
        arn="arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:it",
        identifier="refresh-staging-0123456789ab-snapshot",
        kind="manual",
        engine_version="17.4",
        master_username="master",
        is_ours=True,
    )
    assert snapshot_message("staging", "shop-production", taken, 65, "http://ui/run") == (
        ":camera: *staging*: snapshot `refresh-staging-0123456789ab-snapshot` of `shop-production` is available"
        " (manual, 1 min 05 s).\nhttp://ui/run"
    )


def test_the_runs_page_says_what_was_acknowledged_what_wasnt_searched_and_who_signed() -> None:
    found = AcknowledgedFinding(
        place="public.shops.contact", rule="email", detail="have the shape", count=1200, reason="ours"
    )
    unsearched = NotSearched(
        column="public.users.city", what="its raw values, elsewhere", reason="many share it"
    )
    verdict = Verdict(
        run_key="0123456789ab", env="staging", clone="c", snapshot_arn="arn:s", policy_digest="p1", code_version="v1",
        report_sha256="0" * 64, result="passed", signature="5161",
    )  # fmt: skip
    verification = Verification(
        verdict="passed", checks=(), acknowledged=(found,), not_searched=(unsearched,) * 250
    )
    page = summary_markdown(REPORT.model_copy(update={"verification": verification, "verdict": verdict}))
    assert "| public.shops.contact | 1,200 values have the shape | ours |" in page
    assert page.count("| public.users.city | its raw values, elsewhere | many share it |") == 200
    assert "and 50 more" in page
    assert "policy `p1`, code `v1`, signature `5161`" in page
