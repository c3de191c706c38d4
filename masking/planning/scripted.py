"""Scripts held against catalogue and policy: which statements are fused, and which columns they mask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from contracts.errors import PolicyInvalid
from masking.catalogue import Catalogue, Table, TableName
from masking.fusing.fuser import Fuser
from masking.maskers.parameters import Keep, Script
from masking.policy.rules import Policy
from masking.syntax.expressions import Expression
from masking.syntax.readable import shows
from masking.syntax.scripts import ScriptStatement

_DEFAULT_SCHEMA = "public"


def target_of(statement: ScriptStatement) -> TableName:
    """The table that a statement changes."""
    return TableName(schema=statement.schema or _DEFAULT_SCHEMA, name=statement.table)


def _wrong(statement: ScriptStatement, what: str, remedy: str) -> PolicyInvalid:
    return PolicyInvalid(what, resource=str(statement.position), remedy=remedy)


def check_script_columns(catalogue: Catalogue, policy: Policy) -> None:
    """Every column that a script assigns is the policy's to name, and every ``script`` column is reached."""
    reached: set[tuple[TableName, str]] = set()
    unmasked: dict[tuple[TableName, str], ScriptStatement] = {}
    for statement in policy.statements:
        table = _table(catalogue, statement)
        _check_names(statement, table)
        root = catalogue.root(table)
        rule = policy.tables.get(root.id)
        if rule is None or rule.action == "empty":
            continue
        for name in statement.assigned:
            column = rule.columns.get(name)
            if column is None or (isinstance(column.parameters, Keep) and not column.parameters.reason):
                raise _unlisted(catalogue, policy, statement, root, name)
            if _is_whole(catalogue, statement):
                if _shows(statement, table, name):
                    unmasked[root.id, name] = statement
                else:
                    reached.add((root.id, name))
    for table_name, rule in policy.tables.items():
        if rule.action == "empty":
            continue
        for name, column in rule.columns.items():
            place = (table_name, name)
            if not isinstance(column.parameters, Script) or place in reached:
                continue
            if place in unmasked:
                raise _wrong(
                    unmasked[place],
                    f"what it assigns to {table_name}.{name} still shows the raw value",
                    f"Make it of a part of the value or of other columns, or give the column a masker ({name}: …), "
                    "which runs on what the script left.",
                )
            raise PolicyInvalid(
                f"column {table_name}.{name} is for a script, and no plain UPDATE without WHERE assigns it",
                resource=str(column.position),
                remedy="Add one to masking/*.sql, or give the column a masker.",
            )


def _unlisted(
    catalogue: Catalogue, policy: Policy, statement: ScriptStatement, root: Table, name: str
) -> PolicyInvalid:
    """Of a column that a script assigns: what to write depends on whether any statement reaches every row of it."""
    if any(
        target_of(one) == root.id and name in one.assigned and _is_whole(catalogue, one)
        for one in policy.statements
    ):
        return _wrong(
            statement,
            f"it assigns {root}.{name}, which the policy doesn't list as script",
            f"Write in policy.yaml: {name}: {{script: {{domain: {name.lower()}}}}}",
        )
    return _wrong(
        statement,
        f"it assigns {root}.{name}, of which it may leave rows as they are, and the policy has neither a masker nor a "
        "reason for those",
        f'Write in policy.yaml: {name}: {{keep: "the reason"}}, or a masker, which runs on what the script left.',
    )


def _is_whole(catalogue: Catalogue, statement: ScriptStatement) -> bool:
    """Whether a statement assigns every row of a table and of its partitions."""
    table = _table(catalogue, statement)
    return (
        statement.barrier is None
        and statement.condition is None
        and not _misses_rows(catalogue, statement, table)
        and catalogue.root(table) is table
    )


def _shows(statement: ScriptStatement, table: Table, name: str) -> bool:
    return any(
        shows(found.expression.text, table.columns_by_name[name])
        for found in statement.assignments
        if found.column == name
    )


def _table(catalogue: Catalogue, statement: ScriptStatement) -> Table:
    table = catalogue.tables_by_id.get(target_of(statement))
    if table is None or table.kind not in ("r", "p"):
        raise _wrong(
            statement,
            f"there is no table {target_of(statement)} in the database",
            "Mend its name, with its schema.",
        )
    return table


def _check_names(statement: ScriptStatement, table: Table) -> None:
    read = {name for assignment in statement.assignments for name in assignment.expression.reads}
    read |= statement.condition.reads if statement.condition else set()
    for name in [*statement.assigned, *sorted(read)]:
        if name not in table.columns_by_name:
            raise _wrong(statement, f"table {table} has no column {name}", "Mend its name.")


def _misses_rows(catalogue: Catalogue, statement: ScriptStatement, table: Table) -> bool:
    return statement.only and table.kind == "p"


def is_fused(catalogue: Catalogue, statement: ScriptStatement) -> bool:
    """Whether a statement becomes part of its table's pass."""
    table = _table(catalogue, statement)
    if (
        statement.barrier is not None
        or table.partition_of is not None
        or _misses_rows(catalogue, statement, table)
    ):
        return False
    has_heirs = table.kind == "r" and bool(catalogue.children.get(table.id))
    return statement.only or not has_heirs


def effective_statements(catalogue: Catalogue, policy: Policy) -> Iterator[ScriptStatement]:
    """Those that have something to do: not on a table that is emptied."""
    for statement in policy.statements:
        rule = policy.tables.get(catalogue.root(_table(catalogue, statement)).id)
        if rule is not None and rule.action != "empty":
            yield statement


def add_scripts(fuser: Fuser, catalogue: Catalogue, policy: Policy, targets: Sequence[Table]) -> None:
    """Hand every statement to the fuser, in order.

    ``targets``: the tables that passes go over.
    """
    by_root: dict[TableName, list[Table]] = {}
    for target in targets:
        by_root.setdefault(catalogue.root(target).id, []).append(target)
    for statement in effective_statements(catalogue, policy):
        table = _table(catalogue, statement)
        if not is_fused(catalogue, statement):
            fuser.add_barrier(statement, table)
            continue
        for target in by_root.get(table.id, ()):
            fuser.add_statement(statement, target)


def by_target(statements: Iterable[ScriptStatement]) -> dict[TableName, list[ScriptStatement]]:
    """Statements by the table that they change, in their order."""
    found: dict[TableName, list[ScriptStatement]] = {}
    for statement in statements:
        found.setdefault(target_of(statement), []).append(statement)
    return found


def recomputed(catalogue: Catalogue, policy: Policy) -> dict[tuple[TableName, str], Expression]:
    """What a column's only statement made of columns that nothing assigns: it can be had again."""
    found: dict[tuple[TableName, str], Expression] = {}
    for name, ours in by_target(policy.statements).items():
        if name not in policy.tables:
            continue
        assigned = Counter(column for statement in ours for column in statement.assigned)
        rules = policy.tables[name].columns
        changed = assigned.keys() | {column for column, rule in rules.items() if rule.masker.masks}
        for statement in ours:
            if statement.barrier is not None or statement.condition is not None:
                continue
            for one in statement.assignments:
                sources = catalogue.tables_by_id[name].with_sources(one.expression.reads)
                if assigned[one.column] == 1 and not sources & changed:
                    found[name, one.column] = one.expression
    return found
