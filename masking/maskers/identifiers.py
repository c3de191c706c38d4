"""E-mail addresses, user names and other identifiers made of a keyed hash."""

from __future__ import annotations

from masking.forms import TEXT, call, is_pseudonym, letters_of, matches, pseudonym, username_prefix
from masking.masker import LETTERS, Masker

_EMAIL_TAIL = len("@example.com")

IDENTIFIERS = (
    Masker(
        name="email",
        doc=(
            "Letters from a keyed hash at example.com (RFC 2606). Values that differ only in case give results "
            "that differ only in case."
        ),
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width - _EMAIL_TAIL,
        min_width=_EMAIL_TAIL + 1,
        mask=call("email", letters_of),
        holds=matches(lambda use: r"^[a-r]+@example\.com$"),
    ),
    Masker(
        name="username",
        doc="user_ and letters from a keyed hash; the letters alone where there is little room.",
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width,
        mask=call("username", username_prefix, letters_of),
        holds=matches(lambda use: "^(user_)?[a-r]+$"),
    ),
    Masker(
        name="pseudonym",
        doc="18 letters from a keyed hash, fewer where there is no room; for a UUID another one (version 4).",
        types=TEXT | {"uuid"},
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width,
        mask=pseudonym,
        holds=is_pseudonym,
    ),
)
