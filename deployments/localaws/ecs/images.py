"""What stands for a container image here: programs and files of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Image:
    """``directory`` is its working directory; ``environment`` its ENV, with a PATH; ``command`` its CMD."""

    directory: Path
    environment: Mapping[str, str]
    command: tuple[str, ...] = ()
