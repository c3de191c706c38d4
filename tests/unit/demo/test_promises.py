"""The demo's exit code is 0 only where all that it promises is true, and it names what isn't."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from contracts.manifest import ArchivedObject, ArchivedPart, ArchivedTable, Manifest
from deployments.demo import show
from deployments.demo.promises import CopiedObject, Seen, untrue

RUN = UUID("01890000-0000-7000-8000-1c2d3e4f5a6b")
TOC, DATA, DOCUMENT = "0" * 64, "1" * 64, "2" * 64
SNAPSHOT = "refresh-staging-1c2d3e4f5a6b-snapshot"
PAGE = f"http://127.0.0.1:8123/runs/flow-run/{RUN}"

REPORT: Mapping[str, Any] = {
    "env": "staging",
    "state": "Completed",
    "flow_run_id": str(RUN),
    "source": "shop-production",
    "snapshot": f"arn:aws:rds:eu-central-1:123456789012:cluster-snapshot:{SNAPSHOT}",
    "tables": [
        {"table": "public.users", "rows": 3, "action": "full"},
        {"table": "public.by_city", "rows": 0, "action": "empty"},
    ],
    "columns": [
        {"table": "public.users", "column": "id", "action": "keep"},
        {"table": "public.users", "column": "email", "action": "mask"},
        {"table": "public.by_city", "column": "city", "action": "empty"},
    ],
    "archive": {"uri": "s3://bucket/staging/", "objects": 4, "size_bytes": 40},
    "verification": {
        "verdict": "passed",
        "checks": [{"name": "row counts", "result": "passed"}, {"name": "signature", "result": "not run"}],
    },
    "target": {"database": "shop", "rows": 3, "previous": "shop__original"},
    "leftovers": [],
}
SEEN = Seen(
    source_columns=frozenset({("public.users", "id"), ("public.users", "email"), ("public.by_city", "city")}),
    target_rows={"public.users": 3, "public.empty": 0},
    target_databases=frozenset({"shop", "shop__original", "postgres"}),
    copied={
        "toc.dat": CopiedObject(size_bytes=10, sha256=TOC),
        "11.dat.zst": CopiedObject(size_bytes=20, sha256=DATA),
        "masking-report.json": CopiedObject(size_bytes=4, sha256=DOCUMENT),
        "manifest.json": CopiedObject(size_bytes=6, sha256=DOCUMENT),
    },
    manifest=Manifest(
        run_key="1c2d3e4f5a6b",
        flow_run_id=RUN,
        env="staging",
        database="shop",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2026, 1, 8, tzinfo=UTC),
        server_version="17.10",
        client_version="17.10",
        compression="zstd",
        encoding="UTF8",
        collate="C.UTF-8",
        ctype="C.UTF-8",
        snapshot_arn="arn:s",
        policy_digest="d",
        verdict="passed",
        objects=(
            ArchivedObject(name="toc.dat", size_bytes=10, sha256=TOC),
            ArchivedObject(name="11.dat.zst", size_bytes=20, sha256=DATA),
        ),
        tables=(
            ArchivedTable(
                table="public.users",
                rows=3,
                object_name="11.dat.zst",
                parts=(ArchivedPart(offset=0, size_bytes=20, rows=3, sha256=DATA),),
            ),
        ),
    ),
    slack=(
        f":camera: *staging*: snapshot `{SNAPSHOT}` of `shop-production` is available (manual, 1 s).\n{PAGE}",
        f":white_check_mark: *staging* has masked data of `shop-production`: 3 rows.\n{PAGE}",
    ),
)

Case = tuple[Mapping[str, Any], Seen]


def in_report(section: str, **changes: Any) -> Case:
    return {**REPORT, section: {**REPORT[section], **changes}}, SEEN


def copied(name: str, found: CopiedObject | None) -> Case:
    files = {key: value for key, value in SEEN.copied.items() if key != name}
    if found is not None:
        files[name] = found
    size_bytes = sum(file.size_bytes for file in files.values())
    report, _ = in_report("archive", objects=len(files), size_bytes=size_bytes)
    return report, replace(SEEN, copied=files)


COLUMNS = "the report has every column of production, and no other"
ROWS = "the target holds the rows that the report counts"
COPY = "the archive's copy is what its manifest says"
EXTENT = "the archive's copy is as large as the report says"

CASES: dict[str, tuple[Callable[[], Case], str]] = {
    "another state": (
        lambda: ({**REPORT, "state": "TimedOut"}, SEEN),
        "the state is Completed (TimedOut)",
    ),
    "another verdict": (lambda: in_report("verification", verdict="failed"), "verification passed (failed)"),
    "a failed check": (
        lambda: in_report("verification", checks=[{"name": "foreign keys", "result": "failed"}]),
        "no check failed (foreign keys)",
    ),
    "a leftover": (
        lambda: ({**REPORT, "leftovers": [f"cluster refresh-staging-{RUN.hex[-12:]}-clone"]}, SEEN),
        "nothing is left behind (cluster refresh-staging-1c2d3e4f5a6b-clone)",
    ),
    "a column that isn't in the report": (
        lambda: (REPORT, replace(SEEN, source_columns=SEEN.source_columns | {("public.users", "ssn")})),
        f"{COLUMNS} (public.users.ssn)",
    ),
    "a column that production doesn't have": (
        lambda: (REPORT, replace(SEEN, source_columns=SEEN.source_columns - {("public.by_city", "city")})),
        f"{COLUMNS} (public.by_city.city)",
    ),
    "a row that the target lacks": (
        lambda: (REPORT, replace(SEEN, target_rows={"public.users": 2})),
        f"{ROWS} (public.users)",
    ),
    "a table that the target has and the archive doesn't": (
        lambda: (REPORT, replace(SEEN, target_rows={**SEEN.target_rows, "public.old_users": 1})),
        f"{ROWS} (public.old_users)",
    ),
    "a sum that isn't": (
        lambda: in_report("target", rows=4),
        "the report's rows are those of its tables (4)",
    ),
    "a previous database that is gone": (
        lambda: (REPORT, replace(SEEN, target_databases=frozenset({"shop", "postgres"}))),
        "the database before is still there (shop__original)",
    ),
    "a file that wasn't copied": (lambda: copied("11.dat.zst", None), f"{COPY} (11.dat.zst)"),
    "a file that the manifest doesn't list": (
        lambda: copied("12.dat.zst", CopiedObject(size_bytes=20, sha256=DATA)),
        f"{COPY} (12.dat.zst)",
    ),
    "a file cut short": (
        lambda: copied("11.dat.zst", CopiedObject(size_bytes=19, sha256=DATA)),
        f"{COPY} (11.dat.zst)",
    ),
    "a file with other bytes": (
        lambda: copied("toc.dat", CopiedObject(size_bytes=10, sha256=DATA)),
        f"{COPY} (toc.dat)",
    ),
    "no manifest": (lambda: (REPORT, replace(SEEN, manifest=None)), f"{COPY} (manifest.json)"),
    "fewer objects than there are": (
        lambda: in_report("archive", objects=3),
        f"{EXTENT} (s3://bucket/staging/)",
    ),
    "other bytes than there are": (
        lambda: in_report("archive", size_bytes=41),
        f"{EXTENT} (s3://bucket/staging/)",
    ),
    "no message of the snapshot": (
        lambda: (REPORT, replace(SEEN, slack=SEEN.slack[1:])),
        "Slack heard of the snapshot (no such message)",
    ),
    "no message of the success": (
        lambda: (REPORT, replace(SEEN, slack=SEEN.slack[:1])),
        "Slack heard of the success (no such message)",
    ),
    "a message without the run's page": (
        lambda: (
            REPORT,
            replace(SEEN, slack=(SEEN.slack[0], SEEN.slack[1].replace(PAGE, f"flow run {RUN}"))),
        ),
        "Slack heard of the success (no such message)",
    ),
}


def conclude(report: Mapping[str, Any], seen: Seen) -> tuple[int, str]:
    """The demo's exit code, and what it prints of it."""
    printed = io.StringIO()
    return show.verdict(Console(file=printed, width=200), untrue(report, seen)), printed.getvalue()


def test_where_all_of_it_is_true_the_demo_ends_well_and_says_no_more() -> None:
    assert conclude(REPORT, SEEN) == (0, "")


@pytest.mark.parametrize("case", CASES)
def test_a_promise_that_is_not_kept_is_named_and_makes_the_exit_code_1(case: str) -> None:
    make, broken = CASES[case]
    assert conclude(*make()) == (1, f"Not true: {broken}\n")


def test_the_first_load_of_a_target_has_no_database_before_it() -> None:
    report, seen = in_report("target", previous=None)
    assert untrue(report, seen) == []


def test_many_offenders_are_cut_short() -> None:
    report = {**REPORT, "leftovers": [f"secret {number}" for number in range(9)]}
    assert untrue(report, SEEN) == [
        "nothing is left behind (secret 0, secret 1, secret 2, secret 3, secret 4, …)"
    ]
