"""What was searched and found, as the report says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from contracts.report import AcknowledgedFinding, Check, MaskingReport, NotSearched
from masking.catalogue import Catalogue
from masking.planning.plan import Plan
from masking.proof import gathering, scope
from masking.proof.findings import RAW_VALUES, ByChance, Finding, Found
from masking.proof.literals import LITERALS, SchemaEntry
from masking.proof.raw_values import RawValues

RAW_VALUES_ELSEWHERE = "raw values in other columns"
SHAPES = "shapes of personal data and secrets in kept columns"
#: Columns named in which chance explains something.
_MOST_PLACES = 5


def not_searched(plan: Plan, catalogue: Catalogue) -> tuple[NotSearched, ...]:
    """Masked columns whose raw values aren't searched for, and kept ones that aren't searched; all with the reason."""
    return (
        *(
            NotSearched(column=found.column, what="its raw values, elsewhere", reason=found.reason)
            for found in gathering.not_gathered(plan, catalogue)
        ),
        *(
            NotSearched(column=found.column, what="what it holds", reason=found.reason)
            for found in scope.not_searched(plan, catalogue)
        ),
    )


def checks_of(found: Found, values: int, columns: int, raw: RawValues) -> tuple[Check, ...]:
    """The two searches of one clone, of which nothing unacknowledged was found."""
    acknowledged: dict[str, int] = defaultdict(int)
    for finding in found.findings:
        acknowledged[RAW_VALUES_ELSEWHERE if finding.rule == RAW_VALUES else SHAPES] += finding.count
    where = f"{values} values of {columns} kept columns"
    names = sum(count > 0 for count in raw.counts)
    dense = (
        f"; numbers of {', '.join(map(str, raw.too_dense))} digits are too many to be told from chance"
        if raw.too_dense
        else ""
    )
    details = {
        RAW_VALUES_ELSEWHERE: f"{len(raw)} raw values of {names} columns, in {where}{dense}"
        + explained(one for one in found.by_chance if one.rule == RAW_VALUES),
        SHAPES: where + explained(one for one in found.by_chance if one.rule != RAW_VALUES),
    }
    return tuple(
        Check(
            name=name,
            scope_rows=values,
            result="passed",
            detail=detail + (f"; {acknowledged[name]} acknowledged" if acknowledged[name] else ""),
        )
        for name, detail in details.items()
    )


def explained(by_chance: Iterable[ByChance]) -> str:
    """How many numbers were let pass since chance explains them, of how many, and where most are."""
    found = sorted(by_chance, key=lambda one: (-one.count, one.place))
    if not found:
        return ""
    count, numbers = sum(one.count for one in found), sum(one.numbers for one in found)
    places = ", ".join(f"{one.place} {one.count} of {one.numbers}" for one in found[:_MOST_PLACES])
    more = f", and {len(found) - _MOST_PLACES} more columns" if len(found) > _MOST_PLACES else ""
    return f"; {count} numbers that chance explains, of {numbers} ({places}{more})"


def literals_check(
    entries: Sequence[SchemaEntry],
    found: Found,
    acknowledged: Sequence[AcknowledgedFinding],
    extensions_left_out: Sequence[str],
    own_tables: Sequence[str],
) -> Check:
    """The search of the schema, of which nothing unacknowledged was found. It has objects in the place of rows."""
    count = sum(finding.count for finding in acknowledged)
    return Check(
        name=LITERALS,
        scope_rows=len(entries),
        result="passed",
        detail=f"of {len(entries)} objects all that the archive will say of them; raw user names aside"
        + explained(found.by_chance)
        + (f"; {count} acknowledged" if count else "")
        + (f"; without extensions {', '.join(extensions_left_out)}" if extensions_left_out else "")
        + (f"; without rows of extensions' own tables {', '.join(own_tables)}" if own_tables else ""),
    )


def extensions_tables(plan: Plan) -> tuple[str, ...]:
    """The extensions' own tables, whose rows no archive has, each with its extension."""
    return tuple(
        f"{table.table} ({table.table.extension})"
        for table in plan.tables
        if table.derived_kind == "extension"
    )


def acknowledged_of(findings: Iterable[Finding]) -> tuple[AcknowledgedFinding, ...]:
    """What was found and may be there, as the policy says."""
    return tuple(
        AcknowledgedFinding(
            place=finding.place,
            rule=finding.rule,
            detail=finding.detail,
            count=finding.count,
            reason=finding.reason,
        )
        for finding in findings
        if finding.reason
    )


def with_checksums(report: MaskingReport, checksums: Mapping[str, str]) -> MaskingReport:
    """The report with each table's checksum, by ``schema.name``."""
    tables = tuple(
        table.model_copy(update={"checksum": checksums.get(table.table)}) for table in report.tables
    )
    return report.model_copy(update={"tables": tables})


def with_proof(
    report: MaskingReport,
    checks: Sequence[Check],
    acknowledged: Sequence[AcknowledgedFinding],
    unsearched: Sequence[NotSearched],
) -> MaskingReport:
    """The report with what else was checked."""
    verification = report.verification
    return report.model_copy(
        update={
            "verification": verification.model_copy(
                update={
                    "checks": (*verification.checks, *checks),
                    "acknowledged": (*verification.acknowledged, *acknowledged),
                    "not_searched": (*verification.not_searched, *unsearched),
                }
            )
        }
    )
