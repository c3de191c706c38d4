"""What the sampled values themselves say a column holds, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from masking.suggestion.kinds import REVIEW_FROM, Family, Kind, Named, Signal
from masking.suggestion.people import PERSON
from masking.suggestion.samples import ColumnSample
from masking.suggestion.words import words_of

_FEW: Final = 3
#: Shape, the share from which it counts, what the column then holds, and how sure that is.
_SHAPES: Final[tuple[tuple[str, float, Kind, float], ...]] = (
    ("email", 0.3, "email", 0.97),
    ("password_hash", 0.3, "credential", 0.97),
    ("token", 0.4, "credential", 0.8),
    ("ssn", 0.5, "national_id", 0.93),
    ("iban", 0.6, "account_number", 0.93),
    ("card", 0.6, "card_number", 0.85),
    ("ip", 0.6, "ip", 0.9),
    ("phone", 0.5, "phone", 0.88),
    ("street", 0.4, "street", 0.85),
)
#: As many of a real column's names are among the common ones.
_NAME_SHARE: Final = 0.25


def _whole(sample: ColumnSample, column: Named) -> Iterator[Signal]:
    for shape, least, kind, weight in _SHAPES:
        if sample.share(shape) >= least:
            if shape == "ip" and sample.share("number") > 0.5:
                continue
            yield Signal(kind=kind, weight=weight, reason=f"values look like {kind.replace('_', ' ')}s")
    goods = column.about.goods and column.about.person < 0.5 and not column.about.near_person
    weight = 0.45 if goods else 0.75
    if sample.average_words < 1.6 and sample.distinct >= _FEW:
        first, last = sample.share("first_name"), sample.share("last_name")
        if max(first, last) >= _NAME_SHARE:
            kind = "first_name" if first >= last else "last_name"
            yield Signal(kind=kind, weight=weight, reason="values are common names of people")
    elif sample.share("full_name") >= _NAME_SHARE and sample.average_words < 4:
        yield Signal(kind="full_name", weight=weight + 0.05, reason="values begin with a common first name")
    if (
        sample.share("phone_digits") >= 0.8
        and sample.distinct * 10 > sample.values * 9
        and sample.values >= 20
    ):
        yield Signal(kind="phone", weight=0.62, reason="values are as long as telephone numbers")
    if sample.share("numbered") >= 0.5 and sample.average_words < 7 and sample.share("date") < 0.1:
        strong = column.about.person >= 0.5 or column.about.address or column.about.near_person
        yield Signal(
            kind="street", weight=0.7 if strong else 0.35, reason="values look like a street and a number"
        )


#: A value here and there, among others: in an array, or where anything may have been typed in.
_HERE_AND_THERE: Final = ("phone", "ssn", "iban", "card", "password_hash")


def _within(sample: ColumnSample) -> Iterator[Signal]:
    if sample.share("holds_email") > 0:
        yield Signal(kind="free_text", weight=0.65, reason="an e-mail address among its values")
    if any(sample.share(shape) >= 0.1 for shape in _HERE_AND_THERE):
        yield Signal(kind="free_text", weight=0.45, reason="something personal among its values")
    if sample.average_words < 1.5:
        return
    if sample.share("holds_email") >= 0.01 or sample.share("holds_phone") >= 0.02:
        yield Signal(
            kind="free_text", weight=0.85, reason="text with e-mail addresses or telephone numbers in it"
        )
    elif sample.average_words > 4 and sample.share("holds_name") >= 0.15:
        yield Signal(kind="free_text", weight=0.65, reason="text with names of people in it")


_KEY_NOISE: Final = frozenset({"name", "address", "contact"})
_PERSONAL_PARTS: Final = frozenset(
    {"email", "phone", "birth", "password", "street", "postcode", "ip", "iban", "secret", "token"}
)


def _keys(sample: ColumnSample) -> Iterator[Signal]:
    for key in sample.json_keys:
        words = words_of(key)
        personal = bool(_PERSONAL_PARTS & set(words)) or any(
            words[i : i + 2] in (("first", "name"), ("last", "name"), ("full", "name"), ("user", "name"))
            or (words[i : i + 2] == ("national", "id"))
            for i in range(len(words))
        )
        if personal or (any(word in PERSON for word in words) and not words[-1].endswith("id")):
            yield Signal(kind="document", weight=0.85, reason="its JSON has keys that name personal values")
            return


def value_signals(sample: ColumnSample, column: Named) -> Iterator[Signal]:
    """What a sample shows by itself, surest first within its group; nothing for types that shapes don't fit."""
    family: Family = column.family
    if family == "json":
        yield from _keys(sample)
        if sample.share("holds_email") > 0 or sample.share("holds_phone") >= 0.02:
            yield Signal(kind="document", weight=0.9, reason="e-mail addresses or telephone numbers in it")
    elif family == "text":
        yield from _whole(sample, column)
        yield from _within(sample)
    elif family == "bytes" and sample.share("readable") >= 0.02:
        yield Signal(kind="image", weight=0.7, reason="bytes that are text")
    elif family == "bytes" and sample.share("image") < 0.3:
        yield Signal(kind="image", weight=REVIEW_FROM, reason="bytes of unknown content")
    elif family == "bytes" and sample.share("image") >= 0.3 and not column.about.goods:
        yield Signal(kind="image", weight=0.6, reason="images, perhaps of people")
    elif family in ("integer", "number") and sample.share("card") >= 0.6:
        yield Signal(kind="card_number", weight=0.7, reason="values look like card numbers")


def doubt(signal: Signal, sample: ColumnSample, column: Named) -> float:
    """How much of a name's weight is left once the values were seen, from 0 to 1."""
    repeats = sample.values >= 20 and sample.distinct <= max(_FEW, sample.values // 20)
    if column.family == "text":
        machine_made = max(sample.share("uuid"), sample.share("number"), sample.share("hex"))
        if (
            signal.kind in ("username", "full_name", "first_name", "last_name", "city", "street")
            and machine_made > 0.8
        ):
            return 0.3
        if signal.kind in ("free_text", "link") and sample.average_words < 1.2 and repeats:
            return 0.5
        if (
            signal.kind in ("full_name", "username")
            and repeats
            and not (sample.share("first_name") or sample.share("full_name") or sample.share("last_name"))
        ):
            return 0.75
        if signal.kind in ("credential", "external_id") and repeats and sample.distinct <= _FEW:
            return 0.6
        if signal.kind == "region" and sample.average_length > 0 and sample.share("number") > 0.9:
            return 0.3
    if column.family == "json" and sample.json_keys and signal.weight < 0.75:
        # Its keys were read, and none of them names anything personal.
        return 0.6
    return 1.0


def beside(sample: ColumnSample, kinds: frozenset[Kind], *, is_word: bool) -> Signal | None:
    """What a column without a telling name may be, given what was found in its table. ``is_word``: its name is a word
    all the same, so that a few values, again and again, are more likely labels than towns.
    """
    if sample.distinct < _FEW:
        return None
    if kinds & {"street", "city"} and sample.share("postcode") >= 0.5:
        return Signal(kind="postcode", weight=0.7, reason="values look like postcodes, beside an address")
    labels = is_word and sample.distinct * 2 < sample.values
    if "street" in kinds and sample.share("place") >= 0.7 and sample.average_words < 3 and not labels:
        return Signal(kind="city", weight=0.65, reason="values look like names of places, beside an address")
    return None
