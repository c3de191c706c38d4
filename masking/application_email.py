"""A user's masked e-mail address, for an application that must find or show it.

Gives the very text that the masker ``email`` gives in the database (``sql/functions/identifiers.sql``), for every value
and in every database; and what a mask by ``person_email`` ends with. Needs the sub-key of the column's masking domain,
and nothing but Python's standard library: an application may take this file as it is. The sub-key opens no other
domain, and doesn't lead back to the root key; but whoever has it can try addresses, so it is a secret, and
docs/masking.md says how it gets to an application.

    >>> masked_email(bytes.fromhex(64 * "0"), "Somebody@Mail.example")
    'OTWPc2xGPcqvKhUzlK@example.com'
"""

from __future__ import annotations

import base64
import hashlib

#: How many letters a mask has, unless the plan found that its column needs more, or has room for fewer only.
LETTERS = 18
LETTERS_MAX = 43
DOMAIN = "example.com"
_SUB_KEY_BYTES = 32
#: SHA-256's. sql/functions/mac.sql says why a key in front is enough.
_BLOCK_BYTES = 64
_UNUSUAL = str.maketrans("+/", "xz")
# Letters of other alphabets stay as they are: whether they have a small one depends on a server's locale.
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def masked_email(sub_key: bytes, value: str, *, letters: int = LETTERS, host: str = DOMAIN) -> str:
    """What ``value`` is in the masked database; '' stays ''.

    Args:
        sub_key: the 32 bytes of the masking domain, from the secret that they were handed over in.
        value: the address as production has it, to the letter. Addresses that differ only in the case of A to Z give
            masks that differ only in case.
        letters: how many letters and digits the column's masks have before the @.
        host: the column's ``domain_part``, where the policy names a host. (``keep`` and ``mapped`` aren't computed.)

    Raises:
        ValueError: the key isn't one, or no mask has so many letters. The message shows neither key nor value.
    """
    if len(sub_key) != _SUB_KEY_BYTES:
        raise ValueError(f"a sub-key has {_SUB_KEY_BYTES} bytes")
    if not 1 <= letters <= LETTERS_MAX:
        raise ValueError(f"a mask has 1 to {LETTERS_MAX} letters")
    if value == "":
        return value
    folded = value.translate(_FOLD)
    word = base64.b64encode(_hash(sub_key, folded)).decode()[:letters].translate(_UNUSUAL).lower()
    if folded != value:
        cases = _hash(sub_key, value).hex()
        word = "".join(
            letter.upper() if case < "8" else letter for letter, case in zip(word, cases, strict=False)
        )
    return f"{word}@{host}"


def _hash(sub_key: bytes, text: str) -> bytes:
    if "\0" in text:
        raise ValueError("no text of PostgreSQL's holds a zero byte")
    try:
        return hashlib.sha256(sub_key.ljust(_BLOCK_BYTES, b"\0") + text.encode()).digest()
    except UnicodeEncodeError:  # which holds the value
        raise ValueError("no text of PostgreSQL's holds such a value") from None
