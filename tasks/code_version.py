"""Which code masked and verified: a digest of it, since it may run from a checkout with changes of its own."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_CODE = ("flows", "tasks", "blocks", "masking", "contracts", "sql/functions", "sql/catalogue", "sql/session")


@cache
def code_version() -> str:
    """SHA-256 of its files, as hex: the same wherever the same code runs."""
    digest = hashlib.sha256()
    for directory in _CODE:
        for path in sorted((_ROOT / directory).rglob("*")):
            if path.suffix in (".py", ".sql"):
                digest.update(f"{path.relative_to(_ROOT)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
