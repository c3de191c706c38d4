"""How sub-keys get into a session without a trace: under a one-time pad that the server itself makes.

A server that logs statements logs bind parameters with them. So each session first asks its server for a random
seed, which comes as a result, and results are never logged; parameters then hold every secret XORed with a pad that
follows from the seed. Who reads the log, or the statements of other sessions, sees random bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

#: Bytes of SHA-256, of which the pad is made block by block.
_BLOCK_BYTES = 32


def sealed(secrets: Mapping[str, str], seed: str) -> tuple[list[str], list[str]]:
    """Names of settings and their hex values XORed with the seed's pad: the parameters of ``sql/session/keys.sql``."""
    values = [_xored(bytes.fromhex(value), name, seed).hex() for name, value in secrets.items()]
    return list(secrets), values


def _xored(secret: bytes, name: str, seed: str) -> bytes:
    pad = b"".join(
        hashlib.sha256(f"{seed}{number}{name}".encode()).digest()
        for number in range(1, -(-len(secret) // _BLOCK_BYTES) + 1)
    )
    return bytes(one ^ other for one, other in zip(secret, pad, strict=False))
