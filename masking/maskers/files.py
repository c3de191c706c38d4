"""The smallest valid file of a kind: what opens stored files keeps working."""

from __future__ import annotations

from typing import Final


def _pdf() -> bytes:
    """One empty page. The cross-reference table holds each object's place in the file."""
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(
        (
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        ),
        start=1,
    ):
        places.append(len(content))
        content += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return content + table + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(content)


#: Images of one white pixel, and a document of one empty page.
TINY_FILES: Final[dict[str, bytes]] = {
    "png": bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a4944415478da63f80f00010101001c"
        "b08c990000000049454e44ae426082"
    ),
    "jpeg": bytes.fromhex(
        "ffd8ffe000104a46494600010100000100010000ffdb00430050373c463c32504641465a55505f78c882786e6e78f5afb991c8ff"
        + "ff" * 50
        + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000004ffc4001410010000000000000000000000"
        "0000000000ffda0008010100003f006bffd9"
    ),
    "pdf": _pdf(),
}
