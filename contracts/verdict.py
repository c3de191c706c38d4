"""The signed end of a masking: what was proved of which clone, under which policy, by which code."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


def signed_text(model: BaseModel, *, kind: str) -> bytes:
    """What a signature is of: every field but ``signature``, as JSON without blanks and with sorted names."""
    fields: dict[str, Any] = model.model_dump(mode="json", exclude={"signature"})
    return f"{kind}\n".encode() + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


class Verdict(BaseModel):
    """``report_sha256`` is of the masking report without its verdict; ``signature`` is HMAC-SHA256 as hex, by a key
    that follows from the env's root key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_key: str
    env: str
    clone: str
    snapshot_arn: str
    policy_digest: str
    #: SHA-256 of the code and SQL that masked and verified.
    code_version: str
    report_sha256: str
    result: Literal["passed"]
    signature: str = ""

    @property
    def signed_text(self) -> bytes:
        """What ``signature`` is of."""
        return signed_text(self, kind="verdict")
