"""The bench's result: as JSON, and as one table with ratios."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.bench.contenders import Outcome
from tests.bench.ours import CHOSEN, WAYS

ORDER = ("scripts", "combined_update", "floor", "ours", "remembering")


@dataclass(frozen=True, kw_only=True)
class Result:
    """``outcomes`` by a contender's name, such as ``ours`` or ``peers.bauta``."""

    rows: int
    outcomes: Mapping[str, Outcome]
    per_masker_us: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, name: str) -> float | None:
        """The median; None where a contender didn't run or failed."""
        found = self.outcomes.get(name)
        return statistics.median(found.seconds) if found and found.seconds else None

    def as_json(self) -> dict[str, Any]:
        """A peer that failed has its message in the place of its seconds; what wasn't run isn't there."""

        def group(prefix: str) -> dict[str, float | str]:
            return {
                name.removeprefix(prefix): _rounded(self.seconds(name), outcome.error)
                for name, outcome in self.outcomes.items()
                if name.startswith(prefix)
            }

        ways = group("ours_ways.")
        if "ours" in self.outcomes:
            ways |= {
                name: _rounded(self.seconds("ours"), self.outcomes["ours"].error)
                for name, way in WAYS.items()
                if way is CHOSEN
            }
        plain = {
            name: _rounded(self.seconds(name), self.outcomes[name].error)
            for name in ORDER
            if name in self.outcomes
        }
        return {
            "rows": self.rows,
            "seconds": {**plain, "ours_ways": ways, "peers": group("peers.")},
            "per_masker_us": {name: round(cost, 2) for name, cost in self.per_masker_us.items()},
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")

    def lines(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Contender, seconds, spread of its runs, times the floor, how many times faster than the scripts."""
        floor, scripts = self.seconds("floor"), self.seconds("scripts")
        names = [*(name for name in ORDER if name in self.outcomes)]
        names += sorted(name for name in self.outcomes if name not in ORDER)
        for name in names:
            outcome, seconds = self.outcomes[name], self.seconds(name)
            if seconds is None:
                yield name, "failed", outcome.error, "", ""
                continue
            spread = f"{min(outcome.seconds):.2f}–{max(outcome.seconds):.2f} ({len(outcome.seconds)})"
            yield (
                name,
                f"{seconds:.2f} s",
                spread,
                f"{seconds / floor:.1f} ×" if floor else "",
                f"{scripts / seconds:.1f} ×" if scripts else "",
            )

    def table(self) -> Table:
        shown = Table(title=f"masking {self.rows:,} rows, six columns")
        for heading in ("contender", "median", "from–to (runs)", "of the floor", "faster than the scripts"):
            # A peer's message may be long; everything else has its line.
            shown.add_column(heading, overflow="fold", no_wrap=heading in ("contender", "median"))
        for line in self.lines():
            shown.add_row(*line)
        shown.add_section()
        for masker, cost in sorted(self.per_masker_us.items(), key=lambda item: -item[1]):
            shown.add_row(f"masker {masker}", f"{cost:.2f} µs", "per value", "", "")
        return shown


def _rounded(seconds: float | None, error: str) -> float | str:
    return error if seconds is None else round(seconds, 3)
