"""A manifest that doesn't agree with itself is no manifest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.errors import ArchiveInvalid
from contracts.manifest import Manifest, parse_manifest

SHA = "0" * 64
OTHER = "1" * 64


def fields(**changes: Any) -> dict[str, Any]:
    part = {"offset": 0, "size_bytes": 60, "rows": 7, "sha256": OTHER}
    return {
        "run_key": "1c2d3e4f5a6b",
        "flow_run_id": UUID("01890000-0000-7000-8000-1c2d3e4f5a6b"),
        "env": "staging",
        "database": "shop",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "expires_at": datetime(2026, 1, 8, tzinfo=UTC),
        "server_version": "17.10",
        "client_version": "17.10",
        "compression": "zstd",
        "encoding": "UTF8",
        "collate": "C.UTF-8",
        "ctype": "C.UTF-8",
        "snapshot_arn": "arn:s",
        "policy_digest": "d",
        "verdict": "passed",
        "objects": [
            {"name": "toc.dat", "size_bytes": 5, "sha256": SHA},
            {"name": "11.dat.zst", "size_bytes": 100, "sha256": SHA},
        ],
        "tables": [
            {
                "table": "public.users",
                "rows": 10,
                "object_name": "11.dat.zst",
                "parts": [part, part | {"offset": 60, "size_bytes": 40, "rows": 3}],
            }
        ],
    } | changes


def table(**changes: Any) -> dict[str, Any]:
    (only,) = fields()["tables"]
    return {"tables": [only | changes]}


def test_a_manifest_survives_its_json() -> None:
    manifest = Manifest(**fields())
    assert parse_manifest(manifest.to_json(), resource="m") == manifest
    assert (manifest.rows, manifest.size_bytes, manifest.client_major) == (10, 105, 17)
    assert manifest.ownership.run.key == manifest.run_key


PART = {"offset": 0, "size_bytes": 100, "rows": 10, "sha256": OTHER}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run_key": "000000000000"}, "run_key"),
        ({"objects": fields()["objects"][1:]}, "toc.dat"),
        ({"objects": fields()["objects"] + fields()["objects"][1:]}, "twice"),
        ({"tables": []}, "one to one"),
        (table(object_name="12.dat.zst"), "one to one"),
        (table(object_name="../toc.dat"), "object_name"),
        (table(rows=11), "add up"),
        (table(parts=[PART | {"size_bytes": 99}]), "add up"),
        (table(parts=[PART | {"offset": 1}]), "gap"),
        (table(parts=[PART]), "two checksums"),
        (table(parts=[]), "parts"),
        ({"created_at": datetime(2026, 1, 1)}, "created_at"),  # noqa: DTZ001 - what is refused
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_does_not_agree_is_refused(changes: dict[str, Any], reason: str) -> None:
    body = json.dumps(fields(**changes), default=str).encode()
    with pytest.raises(ArchiveInvalid, match=reason):
        parse_manifest(body, resource="s3://bucket/prefix/manifest.json")
