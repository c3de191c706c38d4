"""The restored database held against what was signed of the clone, before anybody can use it."""

from __future__ import annotations

from contracts.errors import PolicyInvalid, VerificationFailed
from contracts.login import Login
from contracts.report import Check, MaskingReport
from masking.planning.plan import make_plan
from masking.policy.rules import Policy
from masking.proof.literals import LITERALS, search_literals
from masking.proof.report import SHAPES, explained
from tasks.postgres.catalogue import read_catalogue
from tasks.proof.checksums import checksums_of
from tasks.proof.proving import check_acknowledged
from tasks.proof.schema_entries import dump_schema_entries
from tasks.proof.searching import search_clone

CHECKSUMS = "rows and checksums of the restored tables"
_RESTORED = "of the restored database: "


def check_restored(login: Login, database: str, policy: Policy, signed: MaskingReport) -> tuple[Check, ...]:
    """Every table's rows are those of the masked clone, and nothing that it keeps has a shape; constraints held when
    PostgreSQL made them.

    Raises:
        VerificationFailed: naming each table, column, object, count and rule, and no value.
        Unclassified, PolicyInvalid: the policy isn't the one that the clone was masked by.
    """
    resource = f"database {database!r}, restored and not yet live"
    if policy.digest != signed.policy_digest:
        raise PolicyInvalid(
            "it isn't the one that the clone was masked by",
            resource=resource,
            remedy="The target is what it was. Start a new refresh: a retry keeps to the archive's policy.",
        )
    catalogue = read_catalogue(login, database)
    plan = make_plan(catalogue, policy)
    expected = {table.table: table.checksum for table in signed.tables if table.checksum is not None}
    found = checksums_of(login, database, plan)
    different = sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )
    if different:
        raise VerificationFailed(
            f"its rows aren't those of the masked clone in {', '.join(different)}",
            resource=resource,
            remedy="The target is what it was. Start a new refresh; if it comes again, it is a bug.",
        )
    searched = search_clone(login, database, catalogue, plan, None, is_clone=False)
    check_acknowledged(searched.found.findings, resource=resource)
    entries = dump_schema_entries(login, database)
    literals = search_literals(entries, None, plan.literals)
    check_acknowledged(literals.findings, resource=resource)
    rows = sum(int(checksum.partition(":")[0]) for checksum in found.values())
    return (
        Check(name=CHECKSUMS, scope_rows=rows, result="passed", detail=f"of {len(found)} tables, as signed"),
        Check(
            name=_RESTORED + SHAPES,
            scope_rows=searched.values,
            result="passed",
            detail=f"{searched.values} values of {searched.columns} kept columns"
            + explained(searched.found.by_chance),
        ),
        Check(
            name=_RESTORED + LITERALS,
            scope_rows=len(entries),
            result="passed",
            detail=f"of {len(entries)} objects, for shapes" + explained(literals.by_chance),
        ),
    )
