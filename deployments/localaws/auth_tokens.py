"""Tokens of IAM database authentication: a URL that is signed, never fetched, and sent as a password.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

_LONGEST_S = 900
_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, kw_only=True)
class AuthToken:
    """What a token says of itself; nothing of it is true before ``is_signed_with`` is."""

    place: str
    """Host and port, as the client named them."""
    user: str
    access_key: str
    region: str
    signed_at: datetime
    life: timedelta
    session_token: str
    _signed: str
    _signature: str
    _scope: str

    def is_signed_with(self, secret_key: str) -> bool:
        day, region, service, terminator = self._scope.split("/")
        key = f"AWS4{secret_key}".encode()
        for part in (day, region, service, terminator):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256",
                f"{self.signed_at:%Y%m%dT%H%M%SZ}",
                self._scope,
                hashlib.sha256(self._signed.encode()).hexdigest(),
            ]
        )
        return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), self._signature)

    def is_current(self, now: datetime) -> bool:
        """Not before it was signed, by a clock that may differ by five minutes, and not past its life."""
        return self.signed_at - timedelta(minutes=5) <= now < self.signed_at + self.life


def read_token(text: str) -> AuthToken | None:
    """None for what isn't a token of ``rds-db:connect``, such as a password."""
    try:
        url = urlsplit(f"https://{text}")
        raw = [pair for pair in url.query.split("&") if not pair.startswith("X-Amz-Signature=")]
        fields = dict(parse_qsl(url.query, keep_blank_values=True))
        access_key, scope = fields["X-Amz-Credential"].split("/", 1)
        _, region, service, terminator = scope.split("/")
        if (fields["Action"], service, terminator) != ("connect", "rds-db", "aws4_request"):
            return None
        if (fields["X-Amz-Algorithm"], fields["X-Amz-SignedHeaders"]) != ("AWS4-HMAC-SHA256", "host"):
            return None
        life_s = int(fields["X-Amz-Expires"])
        return AuthToken(
            place=url.netloc,
            user=fields["DBUser"],
            access_key=access_key,
            region=region,
            signed_at=datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
            life=timedelta(seconds=min(life_s, _LONGEST_S)),
            session_token=fields.get("X-Amz-Security-Token", ""),
            _signed="\n".join(
                ["GET", url.path or "/", "&".join(sorted(raw)), f"host:{url.netloc}", "", "host", _EMPTY]
            ),
            _signature=fields["X-Amz-Signature"],
            _scope=scope,
        )
    except (KeyError, ValueError):
        return None
