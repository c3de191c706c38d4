"""What is done already: a bench that was interrupted goes on with the contender that it was at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]


class State:
    """A JSON file of results, each with a digest of what it was measured on. Another digest makes it stale."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self._done: dict[str, dict[str, Any]] = {}
        if path.is_file() and not fresh:
            self._done = json.loads(path.read_text(encoding="utf-8"))

    def get(self, name: str, inputs: str) -> Any:
        """The result of ``name``; None where it is to be measured."""
        found = self._done.get(name)
        return found["result"] if found and found["inputs"] == inputs else None

    def put(self, name: str, inputs: str, result: Any) -> None:
        self._done[name] = {"inputs": inputs, "result": result}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self._done, indent=1), encoding="utf-8")
        unfinished.replace(self.path)


def digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def digest_of_files(paths: Iterable[Path]) -> str:
    """Over names and contents; directories with all that is in them."""
    files = sorted(
        file
        for path in paths
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file() and "__pycache__" not in file.parts
    )
    return digest(*(f"{file.relative_to(CHECKOUT)}\0{file.read_text(encoding='utf-8')}" for file in files))
