"""E-mail addresses, user names and other identifiers made of a keyed hash."""

from __future__ import annotations

import re
from collections.abc import Callable

from psycopg import sql

from masking.maskers.forms import (
    TEXT,
    call,
    is_at,
    is_pseudonym,
    keyed_call,
    letters_of,
    matches,
    pseudonym,
    username_prefix,
    width_of,
)
from masking.maskers.masker import LETTER, LETTERS, Masker, Use, literal
from masking.maskers.parameters import Email, MappedHost

_HOST = "example.com"
_EMAIL_TAIL = len(_HOST) + 1

#: Letters of a host that stands for another one.
_MAPPED_HOST = 10


def _uuid(use: Use, value: sql.Composable) -> sql.Composable:
    if use.column.element_type == "uuid":
        return sql.SQL("refresh_mask.pseudonym_uuid({}, {})").format(value, literal(use.domain))
    return call("uuid")(use, value)


def _email_at(host: str | MappedHost) -> Masker | None:
    """The masker for another host than the default."""
    ours: Callable[..., sql.Composable]
    if isinstance(host, MappedHost):
        tail, pattern = 2 + _MAPPED_HOST + len(host.mapped), rf"{LETTER}{{{_MAPPED_HOST}}}\.{host.mapped}"
        ours = keyed_call("email_mapping_host", lambda use: host.mapped, letters_of)
    elif host == "keep":
        tail, pattern = _EMAIL_TAIL, ".+"
        ours = keyed_call("email_keeping_host", width_of, letters_of)
    elif host != _HOST:
        tail, pattern = len(host) + 1, re.escape(host)
        ours = keyed_call("email_at", lambda use: host, letters_of)
    else:
        return None
    return Masker(
        name="email",
        doc="E-mail addresses at another host.",
        parameters=Email,
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width - tail,
        min_width=tail + 1,
        mask=ours,
        holds=matches(lambda use: f"^{LETTER}{{{use.letters}}}@{pattern}$"),
    )


IDENTIFIERS = (
    Masker(
        name="email",
        doc=(
            "Letters and digits from a keyed hash at example.com (RFC 2606). Values that differ only in case give "
            "results that differ only in case. domain_part: another reserved host, or keep (with a reason) for the "
            "value's own, or {mapped: test}: each host gives its own host, xxxxxxxxxx.test."
        ),
        parameters=Email,
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width - _EMAIL_TAIL,
        min_width=_EMAIL_TAIL + 1,
        mask=keyed_call("email", letters_of),
        holds=is_at(_HOST),
        variant=lambda parameters: _email_at(parameters.domain_part),
    ),
    Masker(
        name="username",
        doc="user_ and letters and digits from a keyed hash; these alone where there is little room.",
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width,
        mask=keyed_call("username", username_prefix, letters_of),
        holds=matches(lambda use: f"^(user_)?{LETTER}{{{use.letters}}}$"),
    ),
    Masker(
        name="pseudonym",
        doc=(
            "18 letters and digits from a keyed hash, fewer where there is no room; for a UUID another one (version 4)."
        ),
        types=TEXT | {"uuid"},
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width,
        mask=pseudonym,
        holds=is_pseudonym,
    ),
    Masker(
        name="uuid",
        doc="Another UUID (version 4); in a text, in the value's own case.",
        types=TEXT | {"uuid"},
        distinct="always",
        min_width=36,
        mask=_uuid,
        holds=matches(lambda use: "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$"),
    ),
    Masker(
        name="token",
        doc=(
            "As many random-looking characters as the value has: hex digits for hex digits, else letters and digits. "
            "Under a unique index at least so many that they differ."
        ),
        types=TEXT,
        distinct="letters",
        room=lambda width: width,
        coincidence="a short token may be another one's mask",
        changes=True,
        mask=call("token", letters_of),
    ),
    Masker(
        name="url",
        doc=(
            "example.com under the value's own scheme (http, https, ftp or none; https for others), with a path of the "
            "value's own shape, cut to the width."
        ),
        types=TEXT,
        distinct="letters",
        room=lambda width: width - len("https://example.com/"),
        min_width=len("https://example.com"),
        coincidence="raw test data may be at example.com",
        mask=call("url", width_of, letters_of),
        holds=matches(lambda use: r"^((https?|ftp)://)?example\.com([/?#].*)?$"),
    ),
)
