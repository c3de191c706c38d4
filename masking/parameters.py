"""What the policy may say to a masker, one model per shape."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from masking.masker import Domain, Parameters


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


class JsonValue(Parameters):
    """``value``: the JSON that every row gets."""

    value: Any = Field(default_factory=dict)


class Bytes(Parameters):
    """``hex``: the bytes that every row gets."""

    shorthand: ClassVar[str | None] = "hex"
    hex: str = ""

    @field_validator("hex")
    @classmethod
    def _is_hex(cls, value: str) -> str:
        bytes.fromhex(value)
        return value
