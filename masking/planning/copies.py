"""No script may copy a raw value out of a masked column: maskers run on what the scripts left.

What a fused statement reads is known column by column. One that runs as it is written is judged by everything that
it mentions: where it might read a raw value, all that it writes must be masked afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from contracts.errors import PolicyInvalid
from masking.catalogue import Catalogue, Table, TableName
from masking.policy.rules import Policy, invalid
from masking.syntax.expressions import Call
from masking.syntax.position import Position
from masking.syntax.reach import Reference
from masking.syntax.scripts import ScriptStatement

#: Where names without a schema are looked up; masking's sessions set their search_path to it.
DEFAULT_SCHEMA = "public"
#: PostgreSQL's own functions that read tables, large objects or files.
_READS_ELSEWHERE = re.compile(
    r"(query|table|schema|database|cursor)_to_xml.*|ts_stat|ts_rewrite|lo_.*|lo(read|write)|pg_read_.*|pg_ls_.*"
)
#: Maskers whose results may be made of what the column held when they ran, as its author likes.
_AUTHORED = ("script", "sql")


def check_calls(catalogue: Catalogue, calls: Iterable[Call], position: Position, what: str) -> None:
    """Refuse functions that may read other tables: what they see there would depend on when they are called."""
    for call in sorted(calls, key=str):
        own = call.schema in (None, "pg_catalog") and _READS_ELSEWHERE.fullmatch(call.name)
        if own or (call.schema or DEFAULT_SCHEMA, call.name) in catalogue.unvouched_functions:
            raise invalid(
                position,
                f"{what} calls {call}, which may read raw values of other tables",
                "Write out what it computes, with PostgreSQL's own functions.",
            )


def check_copies(catalogue: Catalogue, policy: Policy) -> None:
    """Raise :class:`PolicyInvalid` for the first statement that might copy a raw value, naming both columns."""
    copies = _Copies(catalogue, policy)
    for statement in policy.statements:
        target = TableName(schema=statement.schema or DEFAULT_SCHEMA, name=statement.table)
        copies.check(statement, catalogue.tables_by_id[target])


class _Copies:
    """Follows the statements in their order: ``raw`` are the masked columns that none has replaced yet."""

    def __init__(self, catalogue: Catalogue, policy: Policy) -> None:
        self.catalogue, self.policy = catalogue, policy
        self.raw = {
            table: {name for name, column in rule.columns.items() if column.masker.masks}
            for table, rule in policy.tables.items()
            if rule.action != "empty"
        }

    def check(self, statement: ScriptStatement, table: Table) -> None:
        if self.catalogue.root(table).id not in self.raw:
            return  # nothing of the table is dumped, and the statement isn't run
        check_calls(self.catalogue, statement.reach.calls, statement.position, "it")
        if statement.barrier is not None:
            self._check_as_written(statement, table)
            return
        # A statement without WHERE replaces what whole tables held, but one on a partition not the others' rows.
        whole = statement.condition is None and not (statement.only and table.kind == "p")
        for heir in self._reached(statement, table):
            raw = self.raw.get(heir.id, set()) if whole else set()
            replaced: set[str] = set()
            for assignment in statement.assignments:
                sources = set(self._raw(heir, assignment.expression.reads))  # each row is made of itself
                self._check_copies(statement, heir, assignment.column, sources)
                name = assignment.column
                if name in raw and (self._is_scripts(heir.id, name) or not self._by_masker(sources)):
                    replaced.add(name)
            raw -= replaced

    def _reached(self, statement: ScriptStatement, table: Table) -> Iterable[Table]:
        return (table,) if statement.only else self.catalogue.heirs(table)

    def _check_as_written(self, statement: ScriptStatement, table: Table) -> None:
        reach = statement.reach
        if reach.nested:
            raise invalid(
                statement.position,
                "it changes rows inside WITH",
                "Write each change as a statement of its own.",
            )
        if not reach.written:
            return
        sources = set(self._read(statement))
        written = [column.name for column in table.columns if not column.generated]
        for name in sorted(written if "*" in reach.written else reach.written):
            for heir in self._reached(statement, table):
                self._check_copies(statement, heir, name, sources)

    def _check_copies(
        self, statement: ScriptStatement, table: Table, target: str, sources: set[tuple[TableName, str]]
    ) -> None:
        rule = self.policy.tables.get(self.catalogue.root(table).id)
        if rule is not None and rule.action == "empty":
            return
        column = rule.columns.get(target) if rule is not None else None
        found = sources
        if column is not None and column.masks_every_row:
            if all(part.masker.name not in _AUTHORED for part in column.parts):
                return
            # What scripts do to their own columns, in their order, is their author's.
            found = self._by_masker(sources)
        for source, name in sorted(found):
            when = _when(self._masker(source, name))
            raise invalid(
                statement.position,
                f"it may copy {source}.{name}, which {when}, to {table}.{target}",
                f"Mask it in the script first, or give {table}.{target} a masker for every row: "
                "maskers run on what the scripts left.",
            )

    def _by_masker(self, sources: set[tuple[TableName, str]]) -> set[tuple[TableName, str]]:
        return {(table, name) for table, name in sources if not self._is_scripts(table, name)}

    def _is_scripts(self, table: TableName, name: str) -> bool:
        return self._masker(table, name) == "script"

    def _masker(self, table: TableName, name: str) -> str:
        return self.policy.tables[table].columns[name].masker.name

    def _raw(self, table: Table, names: Iterable[str]) -> Iterator[tuple[TableName, str]]:
        """The raw columns among some of a table's, by the table whose rule holds for it."""
        root = self.catalogue.root(table).id
        for name in table.with_sources(names) & self.raw.get(root, set()):
            yield root, name

    def _read(self, statement: ScriptStatement) -> Iterator[tuple[TableName, str]]:
        """Raw columns that a statement as written may read."""
        reach = statement.reach
        tables: dict[str, list[Table]] = {}
        derived = set(reach.derived)
        for relation in reach.relations:
            table = self.catalogue.tables_by_id.get(
                TableName(schema=relation.schema or DEFAULT_SCHEMA, name=relation.name)
            )
            if table is None and relation.schema is None and relation.name in reach.queries:
                derived.add(relation.alias)
                continue
            if table is None or table.kind not in ("r", "p"):
                raise _no_table(statement, relation.name)
            tables.setdefault(relation.alias, []).extend(self.catalogue.heirs(table))
        everything = [table for found in tables.values() for table in found]
        for table in everything if reach.renames else ():
            yield from self._raw(table, table.columns_by_name)
        for reference in reach.references:
            yield from self._referred(reference, tables, everything, derived - set(tables))

    def _referred(
        self,
        reference: Reference,
        tables: dict[str, list[Table]],
        everything: list[Table],
        derived: set[str],
    ) -> Iterator[tuple[TableName, str]]:
        if reference.qualifier in derived:
            return
        for table in tables.get(reference.qualifier or "", everything):
            yield from self._raw(table, table.columns_by_name if reference.name == "*" else {reference.name})
        if reference.qualifier is None:  # a whole row goes by the name of its table
            for table in tables.get(reference.name, ()):
                yield from self._raw(table, table.columns_by_name)


def _when(masker: str) -> str:
    return (
        "a script masks only later" if masker == "script" else f"masker {masker} masks only after the scripts"
    )


def _no_table(statement: ScriptStatement, name: str) -> PolicyInvalid:
    return invalid(
        statement.position,
        f"it reads {name}, which is no table of the policy: what it shows may be raw",
        "Read the tables themselves.",
    )
