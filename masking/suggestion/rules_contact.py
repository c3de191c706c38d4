"""How a person is reached: e-mail, telephone, address, network."""

from __future__ import annotations

from typing import Final

from masking.suggestion.kinds import ABOUT_VALUE, HUMAN, Named, Signal, words

_SENT_TO: Final = (
    ("to",),
    ("cc",),
    ("bcc",),
    ("from",),
    ("sent", "to"),
    ("reply", "to"),
    ("sender",),
    ("recipient",),
)
NOT_AN_ADDRESS: Final = words("web url wallet contract network memory bus bitcoin blockchain crypto eth")


def email(c: Named) -> Signal | None:
    if "email" in c.words and c.family == "text":
        after = c.words[len(c.words) - c.words[::-1].index("email") :]
        if any(word in ("token", "key", "code", "secret") for word in after):
            return Signal(kind="credential", weight=0.9, reason="a token sent by e-mail")
        if any(word in ("hash", "md", "sha", "digest", "fingerprint") for word in after):
            return Signal(
                kind="external_id", weight=0.85, reason="a hash of an e-mail address names a person"
            )
        written = any(word in ("body", "subject", "content", "message", "text", "html") for word in after)
        if written and c.head not in ABOUT_VALUE:
            return Signal(kind="free_text", weight=0.6, reason="text of an e-mail")
        if any(word in ABOUT_VALUE or word in ("name", "id") for word in after[-1:]) and after[-1:] != (
            "name",
        ):
            return None
        if c.head == "name":
            return Signal(kind="full_name", weight=0.5, reason="a name beside an e-mail address")
        return Signal(kind="email", weight=0.96, reason="named like an e-mail address")
    sent = c.words in _SENT_TO or c.words[-2:] in (("to", "address"), ("from", "address"))
    if (sent or c.head in ("recipient", "sender", "cc", "bcc")) and c.family == "text":
        if c.about.message and not c.is_key:
            return Signal(kind="email", weight=0.8, reason="whom a message goes to or comes from")
        if c.about.reachable and sent:
            return Signal(kind="email", weight=0.5, reason="perhaps whom a message goes to")
    return None


def phone(c: Named) -> Signal | None:
    if c.words in (("extension",), ("ext",)) and c.family == "text" and c.about.person >= HUMAN:
        return Signal(kind="phone", weight=0.65, reason="a person's extension")
    if "phone" not in c.words or c.family not in ("text", "integer", "number"):
        return None
    if c.head in ABOUT_VALUE or c.head in (
        "code",
        "app",
        "url",
        "image",
        "os",
        "platform",
        "operator",
        "carrier",
    ):
        return None
    if c.family != "text" and c.head == "id":
        return None
    return Signal(kind="phone", weight=0.95, reason="named like a telephone number")


def network(c: Named) -> Signal | None:
    if c.family == "inet":
        return Signal(kind="ip", weight=0.95, reason="holds IP addresses")
    if c.family == "macaddr" or (c.has("mac", "address") and c.family == "text"):
        return Signal(kind="external_id", weight=0.8, reason="names a device")
    if (
        "ip" in c.words
        and c.family in ("text", "integer", "number")
        and not (c.head in ABOUT_VALUE or c.head == "country")
    ):
        return Signal(kind="ip", weight=0.94, reason="named like an IP address")
    if c.family == "text":
        if c.has("forwarded", "for") or c.has("remote", "host"):
            return Signal(kind="ip", weight=0.8, reason="where a request came from")
        if (c.has("user", "agent") or "useragent" in c.words) and "id" not in c.words:
            return Signal(
                kind="free_text", weight=0.5, reason="a browser's description helps to recognise a person"
            )
    return None


def address(c: Named) -> Signal | None:
    place = c.about.person >= 0.5 or c.about.address
    if c.family == "geo" or c.any(words("latitude longitude")):
        if (
            c.family in ("geo", "number", "text")
            and (place or c.about.near_person)
            and not (c.about.goods or (c.about.place and not c.about.address))
        ):
            return Signal(kind="location", weight=0.75, reason="where a person is")
        return None
    if c.family == "integer" and "postcode" in c.words and c.head != "id" and not c.is_key:
        return Signal(kind="postcode", weight=0.85, reason="named like a postcode")
    if c.family not in ("text",) or c.head in ABOUT_VALUE or c.head == "id":
        return None
    if "postcode" in c.words:
        weight = 0.92 if not c.about.place else 0.5
        return Signal(kind="postcode", weight=weight, reason="named like a postcode")
    if "street" in c.words or c.words in (("str",), ("str", "number")):
        return Signal(kind="street", weight=0.92, reason="named like a part of an address")
    if "address" in c.words and not c.any(NOT_AN_ADDRESS):
        return Signal(kind="street", weight=0.9, reason="named like an address")
    if "city" in c.words and not c.about.place:
        if place or c.about.near_person:
            return Signal(kind="city", weight=0.88, reason="a part of an address")
        return Signal(kind="city", weight=0.45, reason="a place, perhaps a person's")
    if c.any(words("region district state")) and not c.about.place and not c.about.goods:
        if c.about.address and ("state" not in c.words or len(c.words) < 3):
            return Signal(kind="region", weight=0.85, reason="a part of an address")
        if c.about.person >= HUMAN and "state" not in c.words:
            return Signal(kind="region", weight=0.7, reason="where a person lives")
    if c.any(words("house building floor landmark")) and c.about.address:
        return Signal(kind="street", weight=0.7, reason="a part of an address")
    if c.any(words("location coordinate")) and c.about.person >= HUMAN:
        return Signal(kind="street", weight=0.75, reason="where a person is")
    return None
