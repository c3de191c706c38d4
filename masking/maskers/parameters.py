"""What the policy may say to a masker, one model per shape."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from masking.maskers.masker import Domain, Keyed, Parameters, Steps
from masking.maskers.phone_range import RESERVED, places_of
from masking.maskers.phone_range import is_reserved as is_reserved_range
from masking.maskers.reserved_domains import is_reserved


class Nothing(Parameters):
    """No parameters."""


class Constant(Parameters):
    """``value``: what every row gets."""

    shorthand: ClassVar[str | None] = "value"
    value: Any

    @field_validator("value")
    @classmethod
    def _is_there(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("NULL is masker null; JSON's null is {json: {value: null}}")
        return value


#: What verification finds in kept columns: something of such a shape, or raw values of another column.
Finding = Literal[
    "email", "phone", "ssn", "card", "iban", "private_key", "api_token", "jwt", "password_hash", "raw_values"
]
FINDINGS: tuple[Finding, ...] = get_args(Finding)
#: The reason of each.
Acknowledged = dict[Finding, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]]


class Keep(Parameters):
    """``reason``: why the raw value may stay. ``acknowledge``: what the verification may find in it, each with the
    reason why it may stay: a shape, or ``raw_values`` for copies of other columns' values.
    """

    shorthand: ClassVar[str | None] = "reason"
    reason: str = ""
    acknowledge: Acknowledged = Field(default_factory=dict)


class Expression(Parameters):
    """``expression``: SQL over the row's columns."""

    shorthand: ClassVar[str | None] = "expression"
    expression: str


class Script(Parameters):
    """``domain``: the masking domain that the script's values belong to. ``not_searched``: why copies of its raw values
    in kept columns are none.
    """

    shorthand: ClassVar[str | None] = "domain"
    domain: Domain
    not_searched: str = ""


class UnlistedConstant(Parameters):
    """``constant``: what stands at paths that no rule names."""

    constant: Any


class UnlistedKeep(Parameters):
    """``keep``: why what no rule names may stay."""

    keep: str = Field(min_length=1)


class JsonValue(Parameters):
    """``value``: the JSON that every row gets. Or ``paths``: a masker for each path, ``default``: what happens to
    the others.
    """

    value: Any = Field(default_factory=dict)
    paths: dict[str, Any] = Field(default_factory=dict)
    default: Literal["drop"] | UnlistedConstant | UnlistedKeep = "drop"

    @model_validator(mode="after")
    def _is_one_way(self) -> JsonValue:
        if "value" in self.model_fields_set and self.paths:
            raise ValueError("give a value, or paths")
        if "default" in self.model_fields_set and not self.paths:
            raise ValueError("a default needs paths")
        listed = sorted((steps_of(path) for path in self.paths), key=len)
        for place, steps in enumerate(listed):
            for other in listed[place + 1 :]:
                if other[: len(steps)] == steps:
                    raise ValueError("a path lies inside another one")
        return self


class Composite(Parameters):
    """``attributes``: a masker, or ``keep``, for every attribute of the type."""

    shorthand: ClassVar[str | None] = "attributes"
    attributes: dict[str, Any] = Field(min_length=1)


_STEP = re.compile(r"""\.([\w-]+)|\.("(?:[^"\\]|\\.)+")|(\[\*\])""")


def steps_of(path: str) -> Steps:
    """The steps of ``$.name."a name"[*]``: names of members, and None for every element."""
    steps: list[str | None] = []
    rest = path.removeprefix("$")
    if rest == path:
        raise ValueError(f"path {path!r} doesn't begin with $")
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise ValueError(f'path {path!r} isn\'t made of .name, ."a name" and [*]')
        name, quoted, _ = found.groups()
        steps.append(json.loads(quoted) if quoted else name)
        rest = rest[found.end() :]
    if not steps:
        raise ValueError("path $ is the whole document")
    return tuple(steps)


def json_path(steps: Steps) -> str:
    """Steps as PostgreSQL's jsonpath, which :func:`steps_of` reads too."""
    return "$" + "".join("[*]" if step is None else f".{json.dumps(step)}" for step in steps)


class Bytes(Parameters):
    """``hex``: the bytes that every row gets. ``kind``: a tiny valid file instead."""

    shorthand: ClassVar[str | None] = "hex"
    hex: str = ""
    kind: Literal["png", "jpeg", "pdf"] | None = None

    @field_validator("hex")
    @classmethod
    def _is_hex(cls, value: str) -> str:
        bytes.fromhex(value)
        return value

    @model_validator(mode="after")
    def _is_one(self) -> Bytes:
        if self.hex and self.kind:
            raise ValueError("give hex or kind")
        return self


class PasswordHash(Constant):
    """``value``: the hash that every row gets; by default bcrypt's of the word ``password``."""

    value: Any = "$2b$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK"


class MappedHost(Parameters):
    """``mapped``: the reserved ending (RFC 2606) of the hosts that stand for others."""

    mapped: Literal["test", "example", "invalid"] = "test"


class Email(Keyed):
    """``domain_part``: what stands behind the @: a host, ``keep``, or ``{mapped: test}``. ``reason``: why raw hosts
    may stay, or why a host that isn't reserved is nobody's.
    """

    domain_part: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")] | MappedHost = (
        "example.com"
    )
    reason: str = ""

    @model_validator(mode="after")
    def _is_nobodys(self) -> Email:
        if isinstance(self.domain_part, str) and not self.reason and not is_reserved(self.domain_part):
            raise ValueError(
                "domain_part needs a reason"
                if self.domain_part == "keep"
                else "domain_part isn't a reserved host"
            )
        return self

    def ways(self) -> tuple[object, ...]:
        return (self.domain_part,)


class Ssn(Keyed):
    """``keep_last_four``: with a ``reason``, the last four of nine digits stay."""

    keep_last_four: bool = False
    reason: str = ""

    @model_validator(mode="after")
    def _has_reason(self) -> Ssn:
        if self.keep_last_four and not self.reason:
            raise ValueError("keep_last_four needs a reason")
        return self

    def ways(self) -> tuple[object, ...]:
        return (self.keep_last_four,)


class Phone(Keyed):
    """``range``: ten places, each a digit, N (2 to 9) or X (0 to 9). ``acknowledge``: with a range that isn't set apart
    for fiction, why its numbers may be used though they may be someone's.
    """

    range: str = "NXX-555-01XX"
    acknowledge: str = ""

    @model_validator(mode="after")
    def _is_acknowledged(self) -> Phone:
        if not is_reserved_range(self.places) and not self.acknowledge.strip():
            raise ValueError(
                "numbers of this range may be someone's; acknowledge needs the reason why they may be used"
            )
        return self

    @property
    def places(self) -> str:
        """The range without what stands between its places."""
        return places_of(self.range)

    @property
    def is_default(self) -> bool:
        """Whether it is the whole range that is set apart."""
        return self.places == RESERVED

    def ways(self) -> tuple[object, ...]:
        return (self.places,)


class DateShift(Keyed):
    """``subject``: the column that says whose dates they are. ``days``: how far they move at most."""

    subject: str
    days: int = Field(default=30, ge=1, le=3650)

    def reads(self) -> frozenset[str]:
        return frozenset({self.subject})

    def ways(self) -> tuple[object, ...]:
        return (self.days,)


class Shuffle(Keyed):
    """``by``: the column that tells each row from all others. ``reason``: why the values may stay, in other rows."""

    by: str
    reason: str = Field(min_length=1)

    def reads(self) -> frozenset[str]:
        return frozenset({self.by})


class Bucket(Parameters):
    """``to``: what a date becomes the first day of. ``width``: of what a number becomes a multiple."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["to"]}, {"required": ["width"]}]})
    shorthand: ClassVar[str | None] = "to"
    to: Literal["month", "quarter", "year"] | None = None
    width: Decimal | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _is_one(self) -> Bucket:
        if (self.to is None) == (self.width is None):
            raise ValueError("give to or width")
        return self


class GeoJitter(Keyed):
    """``radius_m``: how far a place moves at most, in metres."""

    radius_m: float = Field(default=1000, gt=0, le=100_000)

    def ways(self) -> tuple[object, ...]:
        return (self.radius_m,)


class Redact(Parameters):
    """``reason``: why the rest of the text may stay. ``acknowledge``: what the verification may find in it, each with
    the reason why it may stay.
    """

    shorthand: ClassVar[str | None] = "reason"
    reason: str = Field(min_length=1)
    acknowledge: Acknowledged = Field(default_factory=dict)
