"""The root key of an env's masks, and the sub-keys that follow from it.

Each masking domain has its own sub-key (HKDF-SHA256, RFC 5869), so that who learns one can't try values of
another. A sub-key goes to a session as the two padded keys of HMAC (RFC 2104), with ``set_config`` and bind
parameters: no statement's text, log or catalogue ever holds one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from contracts.errors import ConfigurationError

ROOT_KEY_MIN_BYTES = 16
#: Fewer different bytes than this in a key of 16 or more is no random key: one in 10¹⁰ of random keys has them.
_MIN_DIFFERENT_BYTES = 8
_BLOCK_BYTES = 64
_SALT = b"dev-db-refresh masking v1"
#: The domain of the hashes that verification compares; no column can be given it.
FINGERPRINT_DOMAIN = "_fingerprint"


@dataclass(frozen=True, kw_only=True)
class MaskingKeys:
    """The root key. Lives in memory only; ``repr`` doesn't show it."""

    root: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.root) < ROOT_KEY_MIN_BYTES or len(set(self.root)) < _MIN_DIFFERENT_BYTES:
            raise ConfigurationError(
                f"it isn't a random key of at least {ROOT_KEY_MIN_BYTES * 8} bits",
                resource="the masking root key",
                remedy="Put 32 random bytes as hex into its secret, such as from: openssl rand -hex 32",
            )

    @classmethod
    def from_text(cls, text: str) -> MaskingKeys:
        """From a secret's text: hex, else base64."""
        stripped = text.strip()
        try:
            return cls(root=bytes.fromhex(stripped))
        except ValueError:
            pass
        try:
            return cls(root=base64.b64decode(stripped, validate=True))
        except (binascii.Error, ValueError):
            raise ConfigurationError(
                "it is neither hex nor base64",
                resource="the masking root key",
                remedy="Put 32 random bytes as hex into its secret, such as from: openssl rand -hex 32",
            ) from None

    def sub_key(self, domain: str) -> bytes:
        """32 bytes for one masking domain."""
        return hkdf_sha256(self.root, salt=_SALT, info=f"masking domain {domain}".encode())

    def session_settings(self, domain: str) -> dict[str, str]:
        """Custom settings for a session: HMAC's inner and outer padded key of one domain, as hex."""
        key = self.sub_key(domain).ljust(_BLOCK_BYTES, b"\0")
        return {
            f"refresh_mask.inner_{domain}": bytes(byte ^ 0x36 for byte in key).hex(),
            f"refresh_mask.outer_{domain}": bytes(byte ^ 0x5C for byte in key).hex(),
        }


def hkdf_sha256(key: bytes, *, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF with SHA-256. https://www.rfc-editor.org/rfc/rfc5869"""
    pseudorandom = hmac.digest(salt, key, hashlib.sha256)
    output, block, counter = b"", b"", 0
    while len(output) < length:
        counter += 1
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), hashlib.sha256)
        output += block
    return output[:length]
