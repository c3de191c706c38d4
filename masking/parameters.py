"""What the policy may say to a masker, one model per shape."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from masking.masker import Domain, Parameters, Steps


class Nothing(Parameters):
    """No parameters."""


class Constant(Parameters):
    """``value``: what every row gets."""

    shorthand: ClassVar[str | None] = "value"
    value: Any


class Keep(Parameters):
    """``reason``: why the raw value may stay."""

    shorthand: ClassVar[str | None] = "reason"
    reason: str = ""


class Expression(Parameters):
    """``expression``: SQL over the row's columns."""

    shorthand: ClassVar[str | None] = "expression"
    expression: str


class Script(Parameters):
    """``domain``: the masking domain that the script's values belong to."""

    shorthand: ClassVar[str | None] = "domain"
    domain: Domain


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


class Bytes(Parameters):
    """``hex``: the bytes that every row gets."""

    shorthand: ClassVar[str | None] = "hex"
    hex: str = ""

    @field_validator("hex")
    @classmethod
    def _is_hex(cls, value: str) -> str:
        bytes.fromhex(value)
        return value
