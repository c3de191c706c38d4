"""What opens something: passwords, tokens, keys, codes."""

from __future__ import annotations

from typing import Final

from masking.suggestion.kinds import ABOUT_VALUE, HUMAN, Named, Signal, words

SECRET_PAIRS: Final = tuple(
    (first, second)
    for second, firsts in {
        "key": "api access auth secret encryption private ssh license activation session public signing app consumer "
        "master recovery reset verification confirmation gpg pgp vapid webhook twofa mfa tfa authenticator seed wallet",
        "code": "approval activation confirmation verification recovery reset invite invitation access security backup "
        "auth login unlock authorization referral",
        "answer": "security secret",
        "question": "security secret",
        "hash": "user auth token",
    }.items()
    for first in firsts.split()
)


def credential(c: Named) -> Signal | None:
    if c.family not in ("text", "bytes", "json", "uuid", "integer", "number") or c.head in ABOUT_VALUE - {
        "digest",
        "hint",
    }:
        return None
    numeric = c.family in ("integer", "number")
    if c.any(words("password secret")) and not numeric and c.head not in ("id", "name"):
        return Signal(kind="credential", weight=0.97, reason="named like a password or a secret")
    if c.any(words("pin otp")) and c.head in ("pin", "otp", "code", "hash", "number"):
        return Signal(kind="credential", weight=0.85, reason="named like a PIN")
    if numeric:
        return None
    if "token" in c.words and c.head not in ("name", "id", "symbol", "url"):
        return Signal(kind="credential", weight=0.93, reason="named like a token")
    if "token" in c.words and c.head == "id" and c.family == "text":
        return Signal(kind="credential", weight=0.7, reason="names a token")
    if any(c.has(*pair) for pair in SECRET_PAIRS) and not c.is_key:
        return Signal(
            kind="credential", weight=0.88, reason="named like a key or a code that opens something"
        )
    if c.family == "uuid":
        return None
    if c.any(words("webauthn passkey")) or (
        "subscription" in c.about.words
        and c.words in (("endpoint",), ("auth",), ("p", "dh"), ("p", "256", "dh"))
    ):
        return Signal(kind="credential", weight=0.8, reason="lets a browser or a device be reached or known")
    if c.has("session", "id") and (not c.is_key or c.about.auth):
        return Signal(kind="credential", weight=0.88, reason="whoever has it is logged in")
    if c.any(words("salt credential cookie encrypted jwt nonce verifier")) and c.head != "name":
        return Signal(kind="credential", weight=0.85, reason="named like a part of a credential")
    if c.any(words("fingerprint certificate")):
        return Signal(kind="credential", weight=0.65, reason="named like a fingerprint or a certificate")
    if c.words == ("id",) and c.family == "text" and c.about.words[-1:] in (("session",), ("token",)):
        return Signal(kind="credential", weight=0.75, reason="what names a session opens it")
    keys = any(word in c.about.words for word in ("key", "token", "secret", "credential", "session", "auth"))
    if (
        c.words in (("key",), ("hash",), ("code",), ("value",), ("digest",), ("data",), ("session", "data"))
        and keys
    ):
        return Signal(kind="credential", weight=0.85, reason="the value in a table of keys or sessions")
    if c.words in (("hash",), ("digest",)) and c.about.person >= HUMAN:
        return Signal(kind="credential", weight=0.8, reason="a hash in a table of people")
    return None
