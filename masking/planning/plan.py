"""Policy held against catalogue: what happens to every table and column, proved as far as the two can show.

:func:`make_plan` is pure. It raises :class:`Unclassified` where the policy says nothing of a table or column, and
:class:`PolicyInvalid` where it can't be done: a mask that doesn't fit, isn't distinct where it must be, or breaks a
foreign key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from contracts.errors import Unclassified
from masking.catalogue import Catalogue, Column, Table, TableName
from masking.fusing.fuser import ColumnUpdate, Fuser, Stage
from masking.maskers.masker import Use
from masking.maskers.parameters import Expression as ExpressionParameters
from masking.maskers.parameters import Keep, Redact
from masking.planning.classification import check_names, unclassified_lines
from masking.planning.conditions import written_by_scripts
from masking.planning.copies import check_calls, check_copies
from masking.planning.distinctness import check_slots, uses_of
from masking.planning.proofs import check_values
from masking.planning.references import check_foreign_keys
from masking.planning.resolving import resolved
from masking.planning.scripted import add_scripts, check_script_columns, effective_statements, recomputed
from masking.planning.shuffles import check_shuffles
from masking.planning.turns import in_turn
from masking.policy.rules import ColumnRule, Policy, TableAction, TableRule, invalid
from masking.syntax.expressions import Call, Expression, NotAnExpression, parse_expression
from masking.syntax.scripts import ScriptStatement

ColumnAction = Literal["mask", "keep", "empty"]


@dataclass(frozen=True, kw_only=True)
class ColumnPlan:
    """What happens to one column, and why."""

    column: Column
    action: ColumnAction
    #: The masker's name; ``generated`` for a column computed from masked ones; None where nothing is masked.
    masker: str | None = None
    domain: str = ""
    reason: str = ""
    #: The masker on this column; None for derived columns.
    use: Use | None = None
    #: What a script made of columns that nothing assigns: the same again says that the script did it.
    recomputed: Expression | None = None
    #: Whether a script may assign it too: what a condition keeps is then the script's.
    scripted: bool = False
    #: What verification may find in it, with the reason of each.
    acknowledged: tuple[tuple[str, str], ...] = ()

    @property
    def maskers(self) -> str | None:
        """The masker's name, and what masks or keeps the rows that it isn't for."""
        if self.use is None or self.use.condition is None:
            return self.masker
        other = self.use.condition.otherwise
        return f"{self.masker}, else {other.masker.name if other is not None else 'keep'}"


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """What happens to one table or partition."""

    table: Table
    action: TableAction
    columns: tuple[ColumnPlan, ...]
    where: str | None = None
    #: The rule that decided it where the policy doesn't name it.
    derived: str | None = None
    derived_kind: Literal["partition", "materialized view", "foreign table", "extension"] | None = None
    #: Of an emptied table: why its raw values aren't searched for elsewhere.
    not_searched: str = ""

    @property
    def holds_rows(self) -> bool:
        """Whether it is ours to read and change: partitioned tables hold none, foreign ones are never read."""
        return self.table.kind == "r" and self.derived_kind in (None, "partition")

    @property
    def is_whole(self) -> bool:
        """Whether it keeps all the rows that it holds."""
        return self.holds_rows and self.action == "full"

    @property
    def masked(self) -> tuple[ColumnPlan, ...]:
        """The columns that the pass, or a script, changes."""
        return tuple(column for column in self.columns if column.action == "mask" and column.use is not None)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the rewrite and the verification carry out."""

    database: str
    tables: tuple[TablePlan, ...]
    stages: tuple[Stage, ...]
    #: The scripts' statements in their order, those on emptied tables left out: the stages do what they say.
    statements: tuple[ScriptStatement, ...] = ()
    #: Tables and partitions with a ``where``, in the policy's order: a predicate may ask earlier tables.
    filtered: tuple[TablePlan, ...] = ()
    large_objects: Literal["empty", "keep"] = "keep"
    #: What may be found in the schema's own literals, by object.
    literals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    policy_digest: str = ""

    @cached_property
    def tables_by_id(self) -> Mapping[TableName, TablePlan]:
        """By schema and name."""
        return {plan.table.id: plan for plan in self.tables}

    @property
    def leaves_rows_out(self) -> bool:
        """Whether a table that holds rows is emptied or filtered."""
        return any(plan.holds_rows and not plan.is_whole for plan in self.tables)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The masking domains whose keys the sessions need."""
        return tuple(sorted({part.domain for _, part in self.parts() if part.masker.keyed}))

    @cached_property
    def mapped_domains(self) -> tuple[str, ...]:
        """Domains whose values get slots of a small range by a map, because they must be distinct."""
        return tuple(
            sorted(
                {part.domain for _, part in self.parts() if part.masker.distinct == "slots" and part.distinct}
            )
        )

    @cached_property
    def shuffled(self) -> Mapping[str, tuple[Use, tuple[Table, ...]]]:
        """Shuffled columns by their name, with the tables and partitions whose values are put into other rows."""
        found: dict[str, tuple[Use, tuple[Table, ...]]] = {}
        for plan, use in self.uses():
            if use.masker.name == "shuffle":
                found[use.origin] = (use, (*found.get(use.origin, (use, ()))[1], plan.table))
        return found

    @cached_property
    def domains_with_maps(self) -> tuple[str, ...]:
        """Domains whose masks are looked up in what was found before the pass."""
        return tuple(sorted({*self.mapped_domains, *(use.domain for use, _ in self.shuffled.values())}))

    def uses(self) -> Iterator[tuple[TablePlan, Use]]:
        """Every masker on every column of the tables that hold rows."""
        for plan in self.tables:
            if plan.holds_rows and plan.action != "empty":
                for column in plan.masked:
                    if column.use is not None:
                        yield plan, column.use

    def parts(self) -> Iterator[tuple[TablePlan, Use]]:
        """Every masker, also those that mask some rows only, without their conditions, or what documents hold."""
        for plan, use in self.uses():
            for part in use.parts:
                for one in part.with_inner():
                    yield plan, one


def make_plan(catalogue: Catalogue, policy: Policy) -> Plan:
    """The plan, or the error that says what the policy lacks."""
    policy = resolved(catalogue, policy)
    check_names(catalogue, policy)
    missing, lines = unclassified_lines(catalogue, policy)
    if missing:
        raise Unclassified(database=catalogue.database, columns=missing, policy_lines=lines)
    check_script_columns(catalogue, policy)
    check_copies(catalogue, policy)
    reads = {table: _check_expressions(catalogue, rule) for table, rule in policy.tables.items()}
    uses = uses_of(catalogue, policy)
    check_values(catalogue, policy, uses)
    scripted = {
        table: frozenset[str]().union(*(names for _, names in writes))
        for table, writes in written_by_scripts(catalogue, policy).items()
    }
    again = recomputed(catalogue, policy)
    tables = tuple(_table_plan(catalogue, policy, table, uses, scripted, again) for table in catalogue.tables)
    _check_moves(catalogue, policy, tables)
    check_shuffles(catalogue, policy, uses)
    check_slots(catalogue, policy, uses)
    check_foreign_keys(catalogue, policy, uses)
    return Plan(
        database=catalogue.database,
        tables=tables,
        stages=_stages(catalogue, policy, tables, reads),
        statements=tuple(effective_statements(catalogue, policy)),
        filtered=_filtered(catalogue, policy, tables),
        large_objects=policy.large_objects or "keep",
        literals=policy.literals,
        policy_digest=policy.digest,
    )


def _check_moves(catalogue: Catalogue, policy: Policy, tables: tuple[TablePlan, ...]) -> None:
    """Raise :class:`PolicyInvalid` where the pass over a whole tree would reach a partition that isn't ours."""
    for plan in tables:
        foreign = [leaf for leaf in catalogue.leaves(plan.table) if leaf.kind == "f"]
        if not foreign or plan.action == "empty" or not is_pass_target(catalogue, plan):
            continue
        rules = policy.tables[plan.table.id].columns
        key = next(found.column.name for found in plan.masked if found.column.partition_key)
        raise invalid(
            rules[key].position,
            f"{plan.table}.{key} is in the partition key and masked, so that rows may change partition, and partition "
            f"{foreign[0]} is a foreign table, which is never read",
            "Keep the column with a reason, empty the table, or detach the partition.",
        )


def _filtered(catalogue: Catalogue, policy: Policy, tables: tuple[TablePlan, ...]) -> tuple[TablePlan, ...]:
    """The tables and partitions with a ``where``, in the policy's order."""
    places = {name: place for place, name in enumerate(policy.tables)}
    found = [plan for plan in tables if plan.where is not None and plan.table.kind == "r"]
    return tuple(sorted(found, key=lambda plan: places[catalogue.root(plan.table).id]))


def _check_expressions(catalogue: Catalogue, rule: TableRule) -> dict[str, Expression]:
    """The ``sql`` expressions of a table, read; its ``where`` too, for its syntax."""
    found: dict[str, Expression] = {}
    if rule.where is not None:
        try:
            parse_expression(rule.where, may_query=True)
        except NotAnExpression as why:
            raise invalid(rule.position, f"where isn't an SQL predicate: {why}", "Mend it.") from None
    for name, column in rule.columns.items():
        for part in column.parts:
            if isinstance(part.parameters, ExpressionParameters):
                one = _check_expression(catalogue, rule, name, part, part.parameters.expression)
                both = one.reads | (found[name].reads if name in found else frozenset())
                found[name] = replace(one, reads=both)
    return found


def _check_expression(
    catalogue: Catalogue, rule: TableRule, name: str, column: ColumnRule, text: str
) -> Expression:
    try:
        expression = parse_expression(text)
    except NotAnExpression as why:
        raise invalid(
            column.position,
            f"column {name}'s sql isn't an expression over its row: {why}",
            "Mend it, or write a script in masking/.",
        ) from None
    check_calls(catalogue, expression.calls, column.position, f"column {name}'s sql")
    unknown = expression.reads - set(rule.columns)
    if unknown:
        raise invalid(
            column.position,
            f"column {name}'s sql refers to {', '.join(sorted(unknown))}, which the table's rule doesn't list",
            "Mend it, or list the column.",
        )
    return expression


def _table_plan(
    catalogue: Catalogue,
    policy: Policy,
    table: Table,
    uses: Mapping[tuple[TableName, str], Use],
    scripted: Mapping[TableName, frozenset[str]],
    again: Mapping[tuple[TableName, str], Expression],
) -> TablePlan:
    root = catalogue.root(table)
    rule = policy.tables.get(root.id)
    if rule is None or table.kind in ("f", "m"):
        kind, why = _derivation(table, root)
        return TablePlan(
            table=table, action="empty", columns=_empty(table, why), derived=why, derived_kind=kind
        )
    part: dict[str, Any] = (
        {} if root is table else {"derived": f"as its parent {root}", "derived_kind": "partition"}
    )
    if rule.action == "empty":
        columns = _empty(table, "the table is emptied")
        return TablePlan(table=table, action="empty", columns=columns, not_searched=rule.not_searched, **part)
    written = scripted.get(root.id, frozenset())
    columns = tuple(_column_plan(rule, root, column, uses, written, again) for column in table.columns)
    return TablePlan(table=table, action=rule.action, where=rule.where, columns=columns, **part)


def _derivation(
    table: Table, root: Table
) -> tuple[Literal["materialized view", "foreign table", "extension"], str]:
    if table.kind == "m":
        return "materialized view", "recomputed from the masked tables where it is restored"
    if table.kind == "f":
        return "foreign table", "never read"
    return "extension", f"of extension {root.extension}, whose own rows aren't dumped"


def _empty(table: Table, why: str) -> tuple[ColumnPlan, ...]:
    return tuple(ColumnPlan(column=column, action="empty", reason=why) for column in table.columns)


def _column_plan(
    rule: TableRule,
    root: Table,
    column: Column,
    uses: Mapping[tuple[TableName, str], Use],
    scripted: frozenset[str],
    again: Mapping[tuple[TableName, str], Expression],
) -> ColumnPlan:
    if column.generated:
        sources = [name for name in column.generated_from if _masks(rule.columns.get(name))]
        why = f"computed from {', '.join(column.generated_from) or 'no column'}"
        if sources:
            return ColumnPlan(column=column, action="mask", masker="generated", reason=why)
        return ColumnPlan(
            column=column,
            action="keep",
            reason=why,
            acknowledged=_acknowledged(rule.columns.get(column.name)),
        )
    found = rule.columns[column.name]
    if isinstance(found.parameters, Keep):
        return ColumnPlan(
            column=column,
            action="keep",
            reason=found.parameters.reason,
            acknowledged=_acknowledged(found),
        )
    use = uses[root.id, column.name].on(column)
    return ColumnPlan(
        column=column,
        action="mask",
        masker=found.masker.name,
        domain=found.domain,
        reason=found.reason,
        use=use,
        recomputed=again.get((root.id, column.name)),
        scripted=column.name in scripted,
        acknowledged=_acknowledged(found),
    )


def _acknowledged(rule: ColumnRule | None) -> tuple[tuple[str, str], ...]:
    """What may be found in the rows that stay, or in what stays of them."""
    found: dict[str, str] = {}
    for part in rule.parts if rule is not None else ():
        if isinstance(part.parameters, (Keep, Redact)):
            found |= {str(finding): reason for finding, reason in part.parameters.acknowledge.items()}
    return tuple(sorted(found.items()))


def _masks(rule: ColumnRule | None) -> bool:
    return rule is not None and rule.masker.masks


def _stages(
    catalogue: Catalogue,
    policy: Policy,
    tables: tuple[TablePlan, ...],
    reads: Mapping[TableName, Mapping[str, Expression]],
) -> tuple[Stage, ...]:
    fuser = Fuser(catalogue)
    add_scripts(fuser, catalogue, policy, [plan.table for plan in tables if is_pass_target(catalogue, plan)])
    for plan in tables:
        updated = [column.use for column in plan.masked if column.use and column.masker != "script"]
        if not updated or plan.action == "empty" or not is_pass_target(catalogue, plan):
            continue
        root = catalogue.root(plan.table).id
        for uses, read in in_turn(plan.table, policy.tables[root], updated, reads[root]):
            # At once: what a when or an of asks for is what the scripts left, not another mask of the same turn.
            fuser.add_updates(
                plan.table,
                [ColumnUpdate(column=use.column.name, value=use.expression()) for use in uses],
                reads=read,
                calls=_calls(uses, reads[root]),
            )
    return fuser.stages()


def _calls(uses: Sequence[Use], written: Mapping[str, Expression]) -> set[Call]:
    found: set[Call] = set()
    for use in uses:
        if use.column.name in written:
            found |= written[use.column.name].calls
        if use.condition is not None:
            found |= use.condition.when.calls
    return found


def is_pass_target(catalogue: Catalogue, plan: TablePlan) -> bool:
    """Whether passes go over this table: each leaf by itself, or the whole tree where rows may change partition."""
    root = catalogue.root(plan.table)
    # As the root sees it: a column may be the key of one of its sub-trees only, and then rows move in that one.
    moves = root.kind == "p" and any(
        root.columns_by_name[found.column.name].partition_key for found in plan.masked
    )
    return plan.table.kind == "p" and plan.table is root if moves else plan.table.kind == "r"
