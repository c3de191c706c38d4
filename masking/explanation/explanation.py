"""What a plan will do, in words and SQL, for a person who has to agree to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from masking.catalogue import Catalogue, Table, TableName
from masking.explanation.inner import InnerExplanation, inner_explanations
from masking.fusing.fuser import Stage
from masking.planning.plan import ColumnPlan, Plan, TablePlan
from masking.planning.scripted import by_target, target_of
from masking.planning.ways import COPY_FROM_BYTES, Way, Ways
from masking.policy.rules import Policy
from masking.statements.passes import delete_all, delete_others, truncatable, truncate, update
from masking.statements.table_copies import written_anew
from masking.syntax.scripts import ScriptStatement


@dataclass(frozen=True, kw_only=True)
class ColumnExplanation:
    """One column: ``action`` is mask, keep or empty."""

    name: str
    type: str
    action: str
    masker: str | None
    domain: str
    reason: str
    #: The rows that the masker is for; None for all. ``otherwise``: the masker of the others, or keep.
    when: str | None = None
    otherwise: str | None = None
    inner: tuple[InnerExplanation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StatementExplanation:
    """One statement of a script. ``barrier`` says why it isn't part of its table's pass; None when it is."""

    place: str
    table: str
    text: str
    #: Whether it is run at all: not where its table is emptied.
    is_run: bool
    barrier: str | None
    #: The stage that a barrier ends.
    stage: int | None


@dataclass(frozen=True, kw_only=True)
class SqlExplanation:
    """One statement that will run; ``stage`` 0 is before the first value is masked."""

    stage: int
    sql: str


@dataclass(frozen=True, kw_only=True)
class TableExplanation:
    """One table."""

    name: str
    kind: str
    action: str
    where: str | None
    #: The rule that decided it where the policy doesn't name it.
    derived: str | None
    estimated_rows: int
    columns: tuple[ColumnExplanation, ...]
    #: The way of its pass, and why not the quicker one; None where it has no pass.
    way: Way | None
    sql: tuple[SqlExplanation, ...]
    statements: tuple[StatementExplanation, ...]


@dataclass(frozen=True, kw_only=True)
class StageExplanation:
    """``tables`` in any order or at once, then the barrier."""

    number: int
    tables: tuple[str, ...]
    barrier: str | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A whole plan."""

    database: str
    #: Tables that are emptied, and those whose rows are filtered, in order.
    emptied: tuple[str, ...]
    filtered: tuple[str, ...]
    large_objects: str
    stages: tuple[StageExplanation, ...]
    tables: tuple[TableExplanation, ...]


KINDS = {"r": "table", "p": "partitioned table", "m": "materialized view", "f": "foreign table"}


def explain(catalogue: Catalogue, policy: Policy, plan: Plan) -> Explanation:
    """Everything that ``plan``, made of the other two, will do."""
    statements: dict[str, list[StatementExplanation]] = {}
    for statement in _statements(catalogue, policy, plan):
        statements.setdefault(statement.table, []).append(statement)
    ways = _ways(catalogue, plan)
    sql, last_ways = _sql(catalogue, plan, ways), _last_ways(plan, ways)
    together, singly = truncatable(catalogue, plan)
    scripted = by_target(policy.statements)
    return Explanation(
        database=plan.database,
        emptied=tuple(str(name) for name in (*together, *singly)),
        filtered=tuple(str(found.table) for found in plan.filtered),
        large_objects=plan.large_objects,
        stages=tuple(_stage(number, stage) for number, stage in enumerate(plan.stages, start=1)),
        tables=tuple(
            TableExplanation(
                name=str(found.table),
                kind=KINDS[found.table.kind],
                action=found.action,
                where=found.where,
                derived=found.derived,
                estimated_rows=found.table.estimated_rows,
                columns=tuple(_column(scripted, catalogue, found, column) for column in found.columns),
                way=last_ways.get(found.table.id),
                sql=tuple(sql.get(found.table.id, ())),
                statements=tuple(statements.get(str(found.table), ())),
            )
            for found in plan.tables
        ),
    )


def _column(
    scripted: Mapping[TableName, Sequence[ScriptStatement]],
    catalogue: Catalogue,
    table: TablePlan,
    column: ColumnPlan,
) -> ColumnExplanation:
    reason, use = column.reason, column.use
    condition = use.condition if use is not None else None
    if column.masker == "script":
        root = catalogue.root(table.table).id
        places = [
            str(statement.position)
            for statement in scripted.get(root, ())
            if column.column.name in statement.assigned
        ]
        reason = f"by {', '.join(places)}"
    return ColumnExplanation(
        name=column.column.name,
        type=column.column.type,
        action=column.action,
        masker=column.masker,
        domain=column.domain,
        reason=reason,
        when=condition.when.text if condition is not None else None,
        otherwise=None
        if condition is None
        else condition.otherwise.masker.name
        if condition.otherwise is not None
        else "keep",
        inner=tuple(found for part in use.parts for found in inner_explanations(part))
        if use is not None
        else (),
    )


def _stage(number: int, stage: Stage) -> StageExplanation:
    return StageExplanation(
        number=number,
        tables=tuple(str(passes[0].table) for passes in stage.passes),
        barrier=str(stage.barrier.statement.position) if stage.barrier is not None else None,
    )


def _sql(catalogue: Catalogue, plan: Plan, ways: Ways) -> dict[TableName, list[SqlExplanation]]:
    found: dict[TableName, list[SqlExplanation]] = {}

    def add(table: TableName, stage: int, sql: str) -> None:
        found.setdefault(table, []).append(SqlExplanation(stage=stage, sql=sql))

    together, singly = truncatable(catalogue, plan)
    for name in together:
        add(name, 0, truncate([name]).as_string(None))
    for name in singly:
        add(name, 0, delete_all(name).as_string(None))
    for table in plan.filtered:
        if table.where is not None:
            add(table.table.id, 0, delete_others(table.table.id, table.where).as_string(None))
    numbers = {table.id: number for number, table in enumerate(catalogue.tables)}
    for number, stage in enumerate(plan.stages, start=1):
        for passes in stage.passes:
            name = passes[0].table
            if ways.of(number - 1, passes).name == "copy":
                statements = list(written_anew(plan.tables_by_id[name], passes, numbers[name]))
            else:
                statements = [update(one, catalogue.tables_by_id[name]) for one in passes]
            for statement in statements:
                add(name, number, statement.as_string(None))
        if stage.barrier is not None:
            add(stage.barrier.table, number, stage.barrier.statement.text)
    return found


def _ways(catalogue: Catalogue, plan: Plan) -> Ways:
    """A schema file knows no sizes: then no table is too small."""
    knows_sizes = any(table.size_bytes for table in catalogue.tables)
    return Ways(catalogue, plan.stages, copy_from_bytes=COPY_FROM_BYTES if knows_sizes else 0)


def _last_ways(plan: Plan, ways: Ways) -> dict[TableName, Way]:
    """The way of each table's last pass."""
    return {
        passes[0].table: ways.of(number, passes)
        for number, stage in enumerate(plan.stages)
        for passes in stage.passes
    }


def _statements(catalogue: Catalogue, policy: Policy, plan: Plan) -> Iterator[StatementExplanation]:
    stages = {
        stage.barrier.statement.position: number
        for number, stage in enumerate(plan.stages, start=1)
        if stage.barrier is not None
    }
    for statement in policy.statements:
        table = catalogue.tables_by_id[target_of(statement)]
        rule = policy.tables.get(catalogue.root(table).id)
        stage = stages.get(statement.position)
        yield StatementExplanation(
            place=str(statement.position),
            table=str(table),
            text=statement.text,
            is_run=rule is not None and rule.action != "empty",
            barrier=None if stage is None else _barrier(catalogue, statement, table),
            stage=stage,
        )


def _barrier(catalogue: Catalogue, statement: ScriptStatement, table: Table) -> str:
    if statement.barrier is not None:
        return statement.barrier
    if table.partition_of is not None:
        return f"it is for a partition of {catalogue.root(table)} only"
    if statement.only and table.kind == "p":
        return "ONLY a partitioned table holds no row"
    return "other tables inherit from its table"
