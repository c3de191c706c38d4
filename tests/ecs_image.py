"""The image's Dockerfile as data."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
DOCKERFILE = CHECKOUT / "deployments" / "ecs" / "Dockerfile"


@dataclass(frozen=True, kw_only=True)
class Instruction:
    name: str
    text: str


def stages() -> list[list[Instruction]]:
    """Its instructions, each on one line, by stage."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in filter(None, joined.splitlines()):
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name=name, text=text))
    return found


def in_context(path: Path) -> bool:
    """Whether a file of the checkout is sent to the build: the last line of .dockerignore that fits decides."""
    is_in = True
    for line in (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        parts = [path, *path.parents][:-1]
        if any(_fits(part, pattern) for part in parts):
            is_in = line.startswith("!")
    return is_in


def _fits(path: Path, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.name, pattern.removeprefix("**/"))
    return len(path.parts) == len(Path(pattern).parts) and fnmatch.fnmatch(str(path), pattern)
