"""What the demo promises, held against what it saw itself. Pure: ``deployments.demo.look`` does the looking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.manifest import MANIFEST_NAME, Manifest

SHOWN_MAX = 5


@dataclass(frozen=True, kw_only=True)
class CopiedObject:
    """A file of the archive's copy, as it lies on this machine."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is there after the run, asked of the servers and files themselves, and not of the pipeline.

    ``source_columns`` are (table, column); ``target_rows`` counts every table of the target that isn't an extension's;
    ``manifest`` is None where the archive's copy has none that can be read.
    """

    source_columns: frozenset[tuple[str, str]]
    target_rows: Mapping[str, int]
    target_databases: frozenset[str]
    copied: Mapping[str, CopiedObject]
    manifest: Manifest | None
    slack: tuple[str, ...]


def untrue(report: Mapping[str, Any], seen: Seen) -> list[str]:
    """The promises of ``report.json`` that aren't kept, each with what it fails at."""
    promises: dict[str, Iterable[object]] = {
        "the state is Completed": _unless(report["state"] == "Completed", report["state"]),
        "verification passed": _unless(
            report["verification"]["verdict"] == "passed", report["verification"]["verdict"]
        ),
        "no check failed": [
            check["name"] for check in report["verification"]["checks"] if check["result"] == "failed"
        ],
        "nothing is left behind": report["leftovers"],
        "the report has every column of production, and no other": [
            ".".join(place)
            for place in seen.source_columns
            ^ {(column["table"], column["column"]) for column in report["columns"]}
        ],
        "the target holds the rows that the report counts": _differing(
            {table["table"]: table["rows"] for table in report["tables"] if table["rows"]},
            {table: rows for table, rows in seen.target_rows.items() if rows},
        ),
        "the report's rows are those of its tables": _unless(
            report["target"]["rows"] == sum(table["rows"] for table in report["tables"]),
            report["target"]["rows"],
        ),
        "the database before is still there": _unless(
            report["target"]["previous"] in (None, *seen.target_databases), report["target"]["previous"]
        ),
        "the archive's copy is what its manifest says": _differing_from_manifest(seen),
        "the archive's copy is as large as the report says": _unless(
            (report["archive"]["objects"], report["archive"]["size_bytes"])
            == (len(seen.copied), sum(copied.size_bytes for copied in seen.copied.values())),
            report["archive"]["uri"],
        ),
        "Slack heard of the snapshot": _unless(
            _was_told(report, seen, report["snapshot"].rsplit(":", 1)[-1], "is available"), "no such message"
        ),
        "Slack heard of the success": _unless(
            _was_told(report, seen, report["source"], "has masked data of"), "no such message"
        ),
    }
    return [
        f"{promise} ({', '.join(offenders[:SHOWN_MAX])}{', …' if len(offenders) > SHOWN_MAX else ''})"
        for promise, found in promises.items()
        if (offenders := sorted(map(str, found)))
    ]


def _unless(is_kept: bool, offender: object) -> list[object]:
    return [] if is_kept else [offender]


def _differing(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    return [name for name in {*expected, *found} if expected.get(name) != found.get(name)]


def _differing_from_manifest(seen: Seen) -> list[str]:
    if seen.manifest is None:
        return [MANIFEST_NAME]
    listed = {
        item.name: CopiedObject(size_bytes=item.size_bytes, sha256=item.sha256)
        for item in seen.manifest.objects
    }
    # Documents beside the data, such as the masking report, aren't pg_dump's, and so aren't listed.
    data = {name: copied for name, copied in seen.copied.items() if not name.endswith(".json")}
    return _differing(listed, data)


def _was_told(report: Mapping[str, Any], seen: Seen, *said: str) -> bool:
    """Whether a message of this env says all that, and links to the run's page."""
    wanted = (f"*{report['env']}*", f"/runs/flow-run/{report['flow_run_id']}", *said)
    return any(all(part in text for part in wanted) for text in seen.slack)
