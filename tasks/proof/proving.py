"""The searches of the masked clone, whose findings stop the run unless the policy acknowledges them."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.errors import VerificationFailed
from contracts.login import Login
from contracts.report import MaskingReport
from masking.catalogue import Catalogue
from masking.planning.plan import Plan
from masking.proof.findings import Finding
from masking.proof.raw_values import RawValues
from masking.proof.report import acknowledged_of, checks_of, not_searched, with_proof
from tasks.proof.searching import search_clone


def prove(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, raw: RawValues, report: MaskingReport
) -> MaskingReport:
    """``report`` with what the searches of all that masking kept have found.

    Raises:
        VerificationFailed: naming each table, column, count and rule, and no value.
    """
    searched = search_clone(login, database, catalogue, plan, raw)
    check_acknowledged(searched.findings, resource=f"database {database!r} of the clone")
    return with_proof(
        report,
        checks_of(searched.findings, searched.values, searched.columns, raw),
        acknowledged_of(searched.findings),
        not_searched(plan, catalogue),
    )


def check_acknowledged(findings: Iterable[Finding], *, resource: str) -> None:
    """Raise :class:`VerificationFailed` for what the policy doesn't acknowledge."""
    found = [finding for finding in findings if not finding.reason]
    if found:
        raise VerificationFailed(
            "; ".join(map(str, found)),
            resource=resource,
            remedy=(
                "Nothing left it. Mask these columns; or, where it is nobody's, acknowledge it at the column in "
                f"policy.yaml, such as: {{keep: {{reason: …, acknowledge: {{{found[0].rule}: the reason}}}}}}."
            ),
        )
