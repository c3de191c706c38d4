"""The root key of an env's masks, and the sub-keys that follow from it.

Each masking domain has its own sub-key (HKDF-SHA256, RFC 5869), so that who learns one can't try values of
another. A sub-key goes to a session padded to a block of its hash (``sql/functions/mac.sql``), under a one-time
pad (:mod:`masking.key_delivery`): no statement's text or parameter, no log and no catalogue ever holds one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field

from contracts.errors import ConfigurationError
from contracts.naming import RunKey

ROOT_KEY_MIN_BITS = 128
#: Fewer different bytes than this in a key of 16 or more is no random key: one in 10¹⁰ of random keys has them.
_MIN_DIFFERENT_BYTES = 8
#: So many bytes of a random key are those before them once in 2⁶⁴ keys.
_REPEATED_BYTES = 8
_BLOCK_BYTES = 64
_SALT = b"dev-db-refresh masking v1"
_ROTATION_SALT = b"dev-db-refresh masking key of one run v1"


@dataclass(frozen=True, kw_only=True)
class MaskingKeys:
    """The root key: 128 random bits or more. Lives in memory only; neither ``repr`` nor an error shows it.

    Raises:
        ConfigurationError: it is too short, or not random.
    """

    root: bytes = field(repr=False)

    def __post_init__(self) -> None:
        fault = _fault(self.root)
        if fault:
            raise _refused(fault)

    @classmethod
    def from_text(cls, text: str) -> MaskingKeys:
        """From a secret's text: hex of 32 digits or more, else base64."""
        stripped = text.strip()
        try:
            return cls(root=bytes.fromhex(stripped))
        except ValueError:
            pass
        try:
            root = base64.b64decode(stripped, validate=True)
        except (binascii.Error, ValueError):
            raise _refused("it is neither hex nor base64") from None
        # Letters of one case are a passphrase: one in 10⁴ of random keys of 128 bits looks like it in base64.
        if not (re.search("[a-z]", stripped) and re.search("[A-Z]", stripped)):
            raise _refused("it isn't random: its letters are all of one case")
        return cls(root=root)

    def of_run(self, run: RunKey) -> MaskingKeys:
        """The keys of one run where they rotate: the same in all its attempts and in its verification.

        A run's id is no secret. Without the root nobody derives these keys from it, nor one run's from another's.
        """
        return MaskingKeys(root=hkdf_sha256(self.root, salt=_ROTATION_SALT, info=run.flow_run_id.bytes))

    def sub_key(self, domain: str) -> bytes:
        """32 bytes for one masking domain."""
        return hkdf_sha256(self.root, salt=_SALT, info=f"masking domain {domain}".encode())

    def signing_key(self) -> bytes:
        """32 bytes that sign verdicts and manifests; no masking domain's, whatever one is called."""
        return hkdf_sha256(self.root, salt=_SALT, info=b"signing")

    def session_settings(self, domain: str) -> dict[str, str]:
        """A custom setting for a session: the key of one domain, padded to a block of SHA-256, as hex."""
        return {f"refresh_mask.key_{domain}": self.sub_key(domain).ljust(_BLOCK_BYTES, b"\0").hex()}


def hkdf_sha256(key: bytes, *, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF with SHA-256. https://www.rfc-editor.org/rfc/rfc5869"""
    pseudorandom = hmac.digest(salt, key, hashlib.sha256)
    output, block, counter = b"", b"", 0
    while len(output) < length:
        counter += 1
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), hashlib.sha256)
        output += block
    return output[:length]


def _fault(root: bytes) -> str | None:
    """Why a root key can't be used; nothing of the key but its length."""
    if len(root) * 8 < ROOT_KEY_MIN_BITS:
        return f"it has {len(root) * 8} bits, and a root key needs {ROOT_KEY_MIN_BITS} bits or more"
    repeated = _period(root) * 8
    if repeated < ROOT_KEY_MIN_BITS or len(set(root)) < _MIN_DIFFERENT_BYTES:
        return f"it isn't random: it repeats itself, and a root key needs {ROOT_KEY_MIN_BITS} bits or more that don't"
    return None


def _period(root: bytes) -> int:
    """After how many bytes a key begins again; its own length where it doesn't, for 8 bytes at least."""
    lengths = range(1, len(root) - _REPEATED_BYTES + 1)
    return next((length for length in lengths if root[length:] == root[:-length]), len(root))


def _refused(fault: str) -> ConfigurationError:
    return ConfigurationError(
        fault,
        resource="the masking root key",
        remedy="Put 32 random bytes as hex into its secret, such as from: openssl rand -hex 32",
    )
