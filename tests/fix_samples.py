"""pytest plugin: real databases that nobody here wrote, for those who have them. They aren't part of the checkout.

``REFRESH_SAMPLES`` names their directory; by default it is ``shared/samples`` beside the checkout. Each is a directory
with ``schema.sql``, ``data.sql`` and ``truth.tsv``: the columns that hold personal data, labelled by hand. The policies
that a person wrote for them are in ``tests/samples/``.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DEFAULT = TESTS.parent.parent / "shared" / "samples"


@dataclass(frozen=True, kw_only=True)
class RealDatabase:
    """``directory`` is what the demo takes as SAMPLE, ``policy`` what it takes as POLICY."""

    name: str
    directory: Path
    policy: Path

    @property
    def personal(self) -> set[tuple[str, str]]:
        """(table, column) of all that holds personal data or a secret."""
        with (self.directory / "truth.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t")
            return {(f"{row['schema']}.{row['table']}", row["column"]) for row in rows}


@pytest.fixture(scope="session")
def real_database() -> Callable[[str], RealDatabase]:
    """``real_database("pagila")``; the test is skipped where it isn't on this machine."""

    def find(name: str) -> RealDatabase:
        directory = Path(os.environ.get("REFRESH_SAMPLES") or DEFAULT) / name
        if not (directory / "schema.sql").is_file():
            pytest.skip(
                f"NOT RUN: the real database {name} isn't at {directory}, and isn't part of this repository;"
                " REFRESH_SAMPLES names the directory that holds it"
            )
        return RealDatabase(name=name, directory=directory, policy=TESTS / "samples" / name)

    return find
