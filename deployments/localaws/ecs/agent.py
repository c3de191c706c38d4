"""What all tasks of one emulator share, as ECS's agent and its host would have it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deployments.localaws.ecs.images import Image
from deployments.localaws.ecs.role_sessions import CredentialsEndpoint
from deployments.localaws.statuses import Jobs


@dataclass(kw_only=True)
class Agent:
    path: Path
    """Containers' directories live below it."""
    jobs: Jobs
    report: Callable[[str], None]
    endpoint_url: Callable[[], str]
    images: dict[str, Image]
    """By the reference that a container definition names, digest and all."""
    credentials: CredentialsEndpoint = field(default_factory=CredentialsEndpoint)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def new_directory(self) -> Path:
        return self.path / f"t{next(self._numbers)}"
