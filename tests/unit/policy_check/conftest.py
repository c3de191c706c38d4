"""A policy's directory, made of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write_policy(tmp_path: Path) -> Write:
    """``write_policy(text, script="")``: the directory with policy.yaml and masking/mask.sql."""

    def write(text: str, script: str = "") -> Path:
        directory = tmp_path / "policy"
        (directory / "masking").mkdir(parents=True)
        (directory / "policy.yaml").write_text(text, encoding="utf-8")
        if script:
            (directory / "masking" / "mask.sql").write_text(script, encoding="utf-8")
        return directory

    return write
