"""Signatures by a sub-key of the env's root key: who hasn't that can neither make nor change a verdict or manifest."""

from __future__ import annotations

import hashlib
import hmac

from contracts.errors import VerificationFailed
from contracts.manifest import Manifest
from contracts.report import MaskingReport
from contracts.verdict import Verdict
from masking.keys import MaskingKeys


def signature_of(content: bytes, keys: MaskingKeys) -> str:
    """HMAC-SHA256 of ``content``, as hex."""
    return hmac.digest(keys.signing_key(), content, hashlib.sha256).hex()


def signed(report: MaskingReport, verdict: Verdict, keys: MaskingKeys) -> MaskingReport:
    """The report with ``verdict`` over it."""
    complete = verdict.model_copy(update={"report_sha256": report.sha256})
    signature = signature_of(complete.signed_text, keys)
    return report.model_copy(update={"verdict": complete.model_copy(update={"signature": signature})})


def check_report(report: MaskingReport, keys: MaskingKeys, *, resource: str) -> Verdict:
    """The report's verdict, which is good.

    Raises:
        VerificationFailed: there is none, it was signed by another key, or the report is another one.
    """
    verdict = report.verdict
    if verdict is None:
        raise _refused("it has no verdict of the verification", resource)
    if not _is_signed(verdict.signed_text, verdict.signature, keys):
        raise _refused("the signature of its verdict isn't the env's", resource)
    if verdict.report_sha256 != report.sha256 or report.verification.verdict != "passed":
        raise _refused("its report isn't the one that was signed", resource)
    return verdict


def check_manifest(manifest: Manifest, keys: MaskingKeys, *, resource: str) -> Verdict:
    """The verdict that an archive's manifest carries, which is good, as the manifest itself is.

    Raises:
        VerificationFailed: one of them isn't.
    """
    verdict = manifest.proof
    if verdict is None or not _is_signed(verdict.signed_text, verdict.signature, keys):
        raise _refused("its manifest carries no verdict that the env signed", resource)
    if not _is_signed(manifest.signed_text, manifest.signature, keys):
        raise _refused("its manifest isn't the one that was signed", resource)
    if (verdict.run_key, verdict.env) != (manifest.run_key, manifest.env):
        raise _refused("its verdict is another run's", resource)
    return verdict


def _is_signed(content: bytes, signature: str, keys: MaskingKeys) -> bool:
    return hmac.compare_digest(signature_of(content, keys).encode(), signature.encode())


def _refused(what: str, resource: str) -> VerificationFailed:
    return VerificationFailed(
        what,
        resource=resource,
        remedy="Nothing is taken from it. Start a new refresh with the env's root key.",
    )
