"""The proof of the masked clone: its own columns' checks, and the searches, whose findings stop the run unless the
policy acknowledges them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from contracts.errors import VerificationFailed
from contracts.login import Login
from contracts.report import MaskingReport
from masking.catalogue import Catalogue
from masking.keys import MaskingKeys
from masking.planning.plan import Plan
from masking.proof.findings import Finding
from masking.proof.literals import search_literals
from masking.proof.raw_values import RawValues
from masking.proof.report import (
    acknowledged_of,
    checks_of,
    extensions_tables,
    literals_check,
    not_searched,
    with_checksums,
    with_proof,
)
from masking.statements.passes import held_to_policies
from tasks.postgres.verification import verify
from tasks.proof.checksums import checksums_of
from tasks.proof.schema_entries import extensions_left_out, read_schema_entries
from tasks.proof.searching import Searched, search_clone


def prove(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, raw: RawValues, keys: MaskingKeys
) -> MaskingReport:
    """All that is asked of whole tables of the masked clone, and each table's checksum.

    The masked columns are asked about and the checksums made by the server, and what was kept is searched in this
    process: so they go on at once. Row security that holds for owners is lifted in turn, which locks its table.

    Raises:
        VerificationFailed: naming each check or rule, table, column and count, and no value; all that was found.
    """
    resource = f"database {database!r} of the clone"
    with ThreadPoolExecutor(1 if held_to_policies(plan) else 2, thread_name_prefix="proof") as pool:
        verified = pool.submit(verify, login, database, catalogue, plan, keys)
        search = pool.submit(_search, login, database, catalogue, plan, raw, resource)
        checksums = pool.submit(checksums_of, login, database, plan)
    _raise_all((verified, search, checksums), resource)
    searched = search.result()
    return with_proof(
        with_checksums(verified.result(), checksums.result()),
        checks_of(searched.found, searched.values, searched.columns, raw),
        acknowledged_of(searched.found.findings),
        not_searched(plan, catalogue),
    )


def _search(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, raw: RawValues, resource: str
) -> Searched:
    searched = search_clone(login, database, catalogue, plan, raw)
    check_acknowledged(searched.found.findings, resource=resource)
    return searched


def _raise_all(steps: Sequence[Future[Any]], resource: str) -> None:
    """What any step failed with; several failed verifications as one."""
    errors = [error for step in steps if (error := step.exception()) is not None]
    failed = [error for error in errors if isinstance(error, VerificationFailed)]
    if len(failed) > 1:
        raise VerificationFailed(
            "; ".join(error.what for error in failed),
            resource=resource,
            remedy=" ".join(error.remedy for error in failed),
        )
    for error in (*failed, *errors):
        raise error


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
    left_out = extensions_left_out(login, database, entries)
    check = literals_check(entries, found, acknowledged, left_out, extensions_tables(plan))
    return with_proof(report, (check,), acknowledged, ())


def check_acknowledged(findings: Iterable[Finding], *, resource: str) -> None:
    """Raise :class:`VerificationFailed` for what the policy doesn't acknowledge."""
    found = [finding for finding in findings if not finding.reason]
    if found:
        raise VerificationFailed(
            "; ".join(map(str, found)),
            resource=resource,
            remedy=(
                "Nothing left it. Mask the column, or mend the schema at the source; or, where it is nobody's, "
                f"acknowledge it in policy.yaml: acknowledge: {{{found[0].rule}: the reason}} at the column's keep "
                "or redact, or under literals at the object's name."
            ),
        )
