"""Which internet domains are nobody's, so that what is sent there reaches no one."""

from __future__ import annotations

import re
from collections.abc import Iterator

# RFC 6761, section 6 (https://www.rfc-editor.org/rfc/rfc6761), which has the names of RFC 2606.
_RESERVED = re.compile(r"(?:.+\.)?(?:example\.(?:com|net|org)|test|example|invalid|localhost)", re.IGNORECASE)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*\.[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
#: Behind the @ of an e-mail address, and where a URL has its host.
_HOST = re.compile(rf"(?:@|\b[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?)({_NAME})(?![A-Za-z0-9-])", re.IGNORECASE)


def is_reserved(domain: str) -> bool:
    """Whether a domain, or one that it is below, is set apart for examples and tests."""
    return _RESERVED.fullmatch(domain) is not None


def registrable_domains(text: str) -> Iterator[str]:
    """The domains of e-mail addresses and URLs in ``text`` that somebody owns or may come to own."""
    for found in _HOST.finditer(text):
        if not is_reserved(found.group(1)):
            yield found.group(1)
