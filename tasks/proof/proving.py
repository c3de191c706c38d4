"""The searches of the masked clone, whose findings stop the run unless the policy acknowledges them."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.errors import VerificationFailed
from contracts.login import Login
from contracts.report import MaskingReport
from masking.catalogue import Catalogue
from masking.planning.plan import Plan
from masking.proof.findings import Finding
from masking.proof.literals import search_literals
from masking.proof.raw_values import RawValues
from masking.proof.report import acknowledged_of, checks_of, literals_check, not_searched, with_proof
from tasks.proof.schema_entries import read_schema_entries
from tasks.proof.searching import search_clone


def prove(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, raw: RawValues, report: MaskingReport
) -> MaskingReport:
    """``report`` with what the searches of all that masking kept have found.

    Raises:
        VerificationFailed: naming each table, column, count and rule, and no value.
    """
    searched = search_clone(login, database, catalogue, plan, raw)
    check_acknowledged(searched.found.findings, resource=f"database {database!r} of the clone")
    return with_proof(
        report,
        checks_of(searched.found, searched.values, searched.columns, raw),
        acknowledged_of(searched.found.findings),
        not_searched(plan, catalogue),
    )


def prove_schema(
    login: Login, database: str, plan: Plan, raw: RawValues | None, report: MaskingReport
) -> MaskingReport:
    """``report`` with what the same searches have found in the schema that was saved for the archive.

    Raises:
        VerificationFailed: naming each object, count and rule, and no value.
        PreconditionFailed: no schema was saved.
    """
    entries = read_schema_entries(login, database)
    found = search_literals(entries, raw, plan.literals)
    check_acknowledged(found.findings, resource=f"the schema of database {database!r} of the clone")
    acknowledged = acknowledged_of(found.findings)
    return with_proof(report, (literals_check(entries, found, acknowledged),), acknowledged, ())


def check_acknowledged(findings: Iterable[Finding], *, resource: str) -> None:
    """Raise :class:`VerificationFailed` for what the policy doesn't acknowledge."""
    found = [finding for finding in findings if not finding.reason]
    if found:
        raise VerificationFailed(
            "; ".join(map(str, found)),
            resource=resource,
            remedy=(
                "Nothing left it. Mask the column, or mend the schema at the source; or, where it is nobody's, "
                f"acknowledge it in policy.yaml: acknowledge: {{{found[0].rule}: the reason}} at the column's keep, "
                "or under literals at the object's name."
            ),
        )
