"""Runs the pass on a few rows of every table where it could fail, and takes all of it back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import psycopg
from psycopg import sql

from contracts.errors import PolicyInvalid
from contracts.login import Login
from masking.catalogue import Catalogue, Column, Table, TableName
from masking.fusing.fuser import Pass
from masking.keys import MaskingKeys
from masking.planning.plan import Plan
from masking.planning.scripted import target_of
from masking.statements.passes import disarm, held_to_policies
from masking.statements.refusals import Refusal, Violation, violation
from masking.statements.rehearsal import (
    Rehearsal,
    as_root,
    at_once,
    explain_statement,
    explain_where,
    fill_stage,
    keys_that_may_meet,
    largest_first,
    one_leaf_of_each,
    rehearsals,
    route,
    stage_like,
    staged_rows,
    try_indexes,
    try_updates,
)
from masking.statements.twins import has_twins, may_have_twins
from tasks.postgres.masking_functions import create_functions
from tasks.postgres.masking_session import (
    SCHEMA,
    Connection,
    become_member,
    ensure_schema,
    hand_over_keys,
    look_names_up_as_planned,
    masking_session,
)

#: In a database of thousands of tables the largest are tried for so long: where they fail, most time is wasted.
_BUDGET_S = 60.0
#: A ``where`` may ask whole tables. What takes longer isn't rehearsed.
_TIMEOUT = "20s"
_REFUSED_AT_MOST = 50


def rehearse(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, keys: MaskingKeys
) -> tuple[int, int]:
    """Try ``plan`` out on some rows of ``database``, in a transaction that is rolled back.

    Returns how many tables' passes were tried, and how many could fail. A database that is being masked already isn't
    tried again.

    Raises:
        PolicyInvalid: with table, column, constraint and remedy of everything that PostgreSQL refused.
        PreconditionFailed: objects belong to a role out of reach.
    """
    with (
        masking_session(login, database, doing="trying the masks out on a few rows") as connection,
        connection.transaction() as whole,
    ):
        if connection.execute("SELECT pg_catalog.to_regclass('refresh_mask.progress')").fetchone() != (None,):
            return 0, 0
        ensure_schema(connection, database)
        create_functions(connection)
        hand_over_keys(connection, plan, keys)
        rehearsing = _Rehearsing(connection, catalogue, plan)
        rehearsing.prepare()
        rehearsing.explain()
        rehearsing.look_for_twins()
        counts = rehearsing.run()
        raise psycopg.Rollback(whole)
    if rehearsing.violations:
        raise _refused(database, rehearsing.violations)
    return counts


def _refused(database: str, violations: Sequence[Violation]) -> PolicyInvalid:
    shown = [str(found) for found in violations[:_REFUSED_AT_MOST]]
    more = len(violations) - len(shown)
    shown += [f"and {more} more"] if more else []
    return PolicyInvalid(
        f"{len(violations)} rules don't fit, as a few rows show:\n" + "\n".join(shown),
        resource=f"database {database!r}",
        remedy="Nothing was masked, and nothing left the clone.",
    )


class _Rehearsing:
    def __init__(self, connection: Connection, catalogue: Catalogue, plan: Plan) -> None:
        self.connection, self.catalogue, self.plan = connection, catalogue, plan
        self.violations: list[Violation] = []
        #: Tables of which a where or a statement doesn't run: their passes aren't tried.
        self.unfit: set[TableName] = set()

    def prepare(self) -> None:
        """Rights over what others own, and no map of distinct slots: it is made of whole tables, before the pass."""
        owners = {found.table.owner: found.table for found in self.plan.tables if found.holds_rows}
        for owner, table in owners.items():
            become_member(self.connection, owner, owns=f"table {table}")
        for domain in self.plan.domains_with_maps:
            self.connection.execute(
                "SELECT pg_catalog.set_config(%s, 'off', true)", (f"{SCHEMA}.mapped_{domain}",)
            )
        self.connection.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", (_TIMEOUT,))
        look_names_up_as_planned(self.connection)
        for table in held_to_policies(self.plan):
            self._run(disarm(table))

    def explain(self) -> None:
        """Whether every ``where`` and every script's statement is one that PostgreSQL would run as it is written."""
        for found in one_leaf_of_each(self.plan.filtered, self.catalogue):
            refusal = self._try([explain_where(found)])
            if refusal is not None:
                self.unfit.add(self.catalogue.root(found.table).id)
                self.violations.append(
                    Violation(
                        place=f"table {self.catalogue.root(found.table)}",
                        what=f"its where doesn't run: {refusal.name} (SQLSTATE {refusal.sqlstate})",
                        remedy="Mend it.",
                    )
                )
        for statement in self.plan.statements:
            refusal = self._try([explain_statement(statement)])
            if refusal is not None:
                table = self.catalogue.tables_by_id[target_of(statement)]
                self.unfit.add(self.catalogue.root(table).id)
                self.violations.append(
                    Violation(
                        place=str(statement.position),
                        what=f"this statement doesn't run: {refusal.name} (SQLSTATE {refusal.sqlstate})",
                        remedy="Mend it.",
                    )
                )

    def look_for_twins(self) -> None:
        """Whether two values of a unique column would get one mask: in whole columns, since one pair is enough."""
        for table, use in may_have_twins(self.plan, self.catalogue):
            has_them = False
            with suppress(psycopg.errors.QueryCanceled), self.connection.transaction():
                has_them = self.connection.execute(has_twins(table, use)).fetchall() == [(True,)]
            if has_them:
                self._add(
                    Violation(
                        place=f"column {table}.{use.column.name}",
                        what="it is unique, and values differ only in letters or signs for which masker"
                        f" {use.masker.name} writes x",
                        remedy="Mend the values at the source, or use pseudonym for the column.",
                    )
                )

    def run(self) -> tuple[int, int]:
        """Every table's passes, largest first; how many tables' were tried, and how many could be."""
        tried, until = 0, time.monotonic() + _BUDGET_S
        worth = largest_first(rehearsals(self.catalogue, self.plan), self.catalogue)
        for found in worth:
            if time.monotonic() > until:
                break
            if self.catalogue.root(found.table).id in self.unfit:
                continue
            tried += 1
            if self._goes_through(found):
                continue
            with self.connection.transaction() as mine:
                self._rehearse(found)
                raise psycopg.Rollback(mine)
        return tried, len(worth)

    def _goes_through(self, found: Rehearsal) -> bool:
        """Whether nothing is refused, asked in one go: it hardly ever is."""
        if found.table.kind == "p" or any(keys_that_may_meet(found)):
            return False  # its rows must find their partitions too, or its keys be looked at
        try:
            with self.connection.transaction() as mine:
                self.connection.execute(at_once(found), prepare=False)
                raise psycopg.Rollback(mine)
        except psycopg.Error:
            return False
        return True

    def _rehearse(self, found: Rehearsal) -> None:
        self._run(stage_like(found.table))
        refusal = self._try(fill_stage(found))
        if refusal is not None:
            if any(source.where for source in found.sources) and refusal.is_by_the_mask:
                self._add(
                    Violation(
                        place=f"table {self.catalogue.root(found.table)}",
                        what=f"its where fails with {refusal.name} (SQLSTATE {refusal.sqlstate})",
                        remedy="Mend it.",
                    )
                )
            return
        distinct = [(index, query) for index, query in keys_that_may_meet(found) if not self._is_true(query)]
        for one in found.passes:
            refusal = self._try([try_updates(one)])
            if refusal is not None:
                if refusal.is_by_the_mask:
                    self._blame(found, one, refusal)
                return
        for index, query in try_indexes(found):
            refusal = self._try([query])
            if refusal is not None:
                self._add_of_index(found, index, refusal)
        for index, query in distinct:
            if self._is_true(query):
                self._add_of_index(found, index, Refusal(sqlstate="23505", name="UniqueViolation"))
        if found.table.kind == "p":
            self._route(found)

    def _blame(self, found: Rehearsal, one: Pass, whole: Refusal) -> None:
        """Find the columns whose masks alone are refused; where none is, it's their coming together."""
        table = as_root(found, self.catalogue).table
        # A script may also assign what the policy keeps.
        columns = {
            column.column.name: (column.column, column.masker or "script")
            for column in self.plan.tables_by_id[found.table.id].columns
        }
        alone = False
        for update in one.updates:
            refusal = self._try([try_updates(one, update.column)])
            if refusal is not None:
                alone = True
                self._add_refusal(table, refusal, [columns[update.column]])
        if not alone:
            self._add_refusal(table, whole, [columns[update.column] for update in one.updates])

    def _route(self, found: Rehearsal) -> None:
        """Whether every masked row finds a partition. What else the real table refuses is no matter here."""
        self._run(disarm(found.table))
        for source in found.sources:
            self._run(disarm(source.table))
        places = [str(place) for (place,) in self.connection.execute(staged_rows()).fetchall()]
        for place in places:
            refusal = self._try([route(found.table, place)])
            if refusal is not None and refusal.sqlstate == "23514" and not refusal.constraint:
                self._add_refusal(found.table, refusal, self._columns(found))
                return

    def _is_true(self, query: sql.Composed) -> bool:
        """False too where it can't be computed, which :func:`try_indexes` tells."""
        with (
            suppress(psycopg.DataError, psycopg.ProgrammingError, psycopg.errors.QueryCanceled),
            self.connection.transaction(),
        ):
            return self.connection.execute(query).fetchall() == [(True,)]
        return False

    def _columns(self, found: Rehearsal) -> list[tuple[Column, str]]:
        plan = self.plan.tables_by_id[found.table.id]
        return [(column.column, column.masker or "") for column in plan.masked]

    def _add_refusal(self, table: Table, refusal: Refusal, columns: Sequence[tuple[Column, str]]) -> None:
        self._add(violation(refusal, table, columns))

    def _add_of_index(self, found: Rehearsal, index: str, refusal: Refusal) -> None:
        self._add_refusal(
            as_root(found, self.catalogue).table,
            replace(refusal, index=index),
            [pair for pair in self._columns(found) if pair[0].name in _read(found.table, index)],
        )

    def _add(self, found: Violation) -> None:
        if found not in self.violations:  # a partition's is its root's
            self.violations.append(found)

    def _try(self, statements: Iterable[sql.Composed]) -> Refusal | None:
        """Run statements; what was refused is undone, what wasn't stays."""
        try:
            with self.connection.transaction():
                self._run(statements)
        except psycopg.Error as error:
            refusal = _refusal(error)
            if refusal.is_by_the_mask or isinstance(error, psycopg.errors.QueryCanceled):
                return refusal
            raise
        return None

    def _run(self, statements: Iterable[sql.Composed]) -> None:
        for one in statements:
            self.connection.execute(one)


def _read(table: Table, index: str) -> frozenset[str]:
    (found,) = (found for found in table.indexes if found.name == index)
    return table.with_sources(found.columns)


def _refusal(error: psycopg.Error) -> Refusal:
    """An error without what could quote a row."""
    diagnosis = error.diag
    domain = ""
    if diagnosis.datatype_name:
        domain = f"{diagnosis.schema_name}.{diagnosis.datatype_name}"
    return Refusal(
        sqlstate=error.sqlstate or "",
        name=type(error).__name__,
        constraint=diagnosis.constraint_name or "",
        column=diagnosis.column_name or "",
        domain=domain,
    )
