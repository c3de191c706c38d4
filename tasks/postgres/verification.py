"""Proves the masked clone before a byte leaves it, and takes away what masking left behind."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from contracts.errors import VerificationFailed
from contracts.login import Login
from contracts.report import Check as CheckReport
from contracts.report import ColumnReport, MaskingReport, TableReport, Verification
from masking.catalogue import Catalogue, Table, TableName
from masking.keys import MaskingKeys
from masking.planning.plan import Plan
from masking.statements.checks import (
    LARGE_OBJECTS,
    RAW_VALUES,
    ROW_COUNTS,
    Check,
    batches,
    checks_of,
    compared,
    row_counts,
    together,
)
from masking.statements.nulls import columns_of_users_sql, filled, null_counts
from masking.statements.passes import disarm, held_to_policies, rearm
from tasks.postgres.connection import safe_errors
from tasks.postgres.masking_session import (
    SCHEMA,
    Connection,
    hand_over_keys,
    in_parallel,
    masking_session,
)


def verify(login: Login, database: str, catalogue: Catalogue, plan: Plan, keys: MaskingKeys) -> MaskingReport:
    """Check every table as a whole.

    Raises:
        VerificationFailed: naming every check, table, column and count that failed, and no value.
    """
    verifying = _Verifying(login, database, catalogue, plan, keys)
    with verifying.past_row_security():
        rows = verifying.run()
        verifying.check_large_objects()
        nulls = verifying.count_filled_nulls()
    if verifying.failures:
        raise VerificationFailed(
            "; ".join(sorted(verifying.failures)),
            resource=f"database {database!r} of the clone",
            remedy="Mend the policy or the scripts, and start again from a new clone. Nothing left this one.",
        )
    return _report(plan, rows, verifying.scopes, {RAW_VALUES: compared(plan, catalogue)}, nulls)


def finish(login: Login, database: str) -> None:
    """Drop our schema. Event triggers stay disabled: the dump's logins mustn't fire one, and the archive's schema was
    saved with all as they were at the source. Can be run again.
    """
    with masking_session(login, database, doing="dropping what masking needed") as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA)))


class _Verifying:
    def __init__(
        self, login: Login, database: str, catalogue: Catalogue, plan: Plan, keys: MaskingKeys
    ) -> None:
        self.login, self.database = login, database
        self.catalogue, self.plan, self.keys = catalogue, plan, keys
        self.failures: list[str] = []
        #: Rows read, by the check's name.
        self.scopes: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def run(self) -> dict[str, int]:
        """Ask every question, several at once. How many rows every table has that holds some."""
        rows: dict[str, int] = {}
        asked: list[Check] = []

        def take(check: Check, answer: int) -> None:
            if check.name == ROW_COUNTS:
                rows[check.place] = answer
                return
            asked.append(check)
            if answer:
                self.failures.append(f"{check.name}: {check.place}: {answer} rows offend")

        self._ask_all([*row_counts(self.plan), *checks_of(self.plan, self.catalogue)], take)
        for check in asked:
            self.scopes[check.name] += sum(
                rows.get(str(leaf), 0) for leaf in self.catalogue.leaves(check.table)
            )
        self._compare_row_counts(rows)
        return rows

    def _compare_row_counts(self, rows: dict[str, int]) -> None:
        """Rows that masking made more or fewer are a failure."""
        with masking_session(self.login, self.database, doing="counting rows") as connection:
            before = dict(
                connection.execute("SELECT table_name, rows FROM refresh_mask.row_counts").fetchall()
            )
        exempt = {
            self.catalogue.root(self.catalogue.tables_by_id[stage.barrier.table]).id
            for stage in self.plan.stages
            if stage.barrier is not None and stage.barrier.statement.changes_row_count
        }
        trees: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for found in self.plan.tables:
            root = self.catalogue.root(found.table)
            if found.holds_rows and root.id not in exempt:
                was, is_now = trees[str(root)]
                trees[str(root)] = (was + before.get(str(found.table), 0), is_now + rows[str(found.table)])
        for table, (was, is_now) in trees.items():
            self.scopes[ROW_COUNTS] += is_now
            if was != is_now:
                self.failures.append(f"{ROW_COUNTS}: {table} had {was} rows before masking and has {is_now}")

    def _ask_all(self, checks: Iterable[Check], take: Callable[[Check, int], None]) -> None:
        """``take`` gets every check with its number, one at a time."""

        def work(batch: Sequence[Check]) -> None:
            with masking_session(
                self.login, self.database, doing=f"verifying table {batch[0].table}"
            ) as connection:
                hand_over_keys(connection, self.plan, self.keys)
                answers = self._answers(connection, batch)
            with self._lock:
                for check, answer in zip(batch, answers, strict=True):
                    take(check, answer)

        in_parallel(batches(checks, self.catalogue), work)

    def _answers(self, connection: Connection, batch: Sequence[Check]) -> Sequence[int]:
        if len(batch) > 1:
            # Of what PostgreSQL refuses here, it says below which check it was.
            with suppress(psycopg.Error):
                return connection.execute(together(batch)).fetchone() or ()
        answers = []
        for check in batch:
            with safe_errors(check.place, doing=f"checking: {check.name}"):
                answers.append(self._ask(connection, check.query))
        return answers

    def check_large_objects(self) -> None:
        """None is left where the policy says so."""
        if self.plan.large_objects != "empty":
            return
        with masking_session(self.login, self.database, doing="counting large objects") as connection:
            left = self._ask(
                connection,
                sql.SQL("SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata").format(),
            )
        self.scopes[LARGE_OBJECTS] += left
        if left:
            self.failures.append(f"{LARGE_OBJECTS}: {left} are left")

    def count_filled_nulls(self) -> dict[tuple[TableName, str], int | None]:
        """By how many NULLs of columns became fewer that the user's own SQL assigns; no failure."""
        before: dict[tuple[TableName, str], int] = defaultdict(int)
        after: dict[tuple[TableName, str], int] = defaultdict(int)
        users_own = columns_of_users_sql(self.catalogue, self.plan)
        with masking_session(self.login, self.database, doing="counting NULLs") as connection:
            for found in self.plan.tables:
                root = self.catalogue.root(found.table).id
                if not found.holds_rows or not users_own.get(root):
                    continue
                was = connection.execute(
                    "SELECT column_name, nulls FROM refresh_mask.null_counts WHERE table_name = %s",
                    (str(found.table),),
                ).fetchall()
                for name, count in was:
                    before[root, name] += count
                for name, count in connection.execute(null_counts(found.table, users_own[root])).fetchall():
                    after[root, name] += count
        return filled(self.catalogue, self.plan, before, after)

    @contextmanager
    def past_row_security(self) -> Iterator[None]:
        """Lift row security that holds for owners: a check of one table may read others, or their partitions.

        For all checks at once, because lifting it needs a lock that a check running beside it would hold.
        """
        self._change("lifting row security", disarm)
        try:
            yield
        finally:
            self._change("bringing row security back", rearm)

    def _change(self, doing: str, how: Callable[[Table], Iterator[sql.Composed]]) -> None:
        tables = held_to_policies(self.plan)
        if not tables:
            return
        with (
            masking_session(self.login, self.database, doing=doing) as connection,
            connection.transaction(),
        ):
            for table in tables:
                for statement in how(table):
                    connection.execute(statement)

    def _ask(self, connection: Connection, query: sql.Composed) -> int:
        found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0


def _report(
    plan: Plan,
    rows: dict[str, int],
    scopes: dict[str, int],
    details: dict[str, str],
    nulls: dict[tuple[TableName, str], int | None],
) -> MaskingReport:
    checks = [
        CheckReport(name=name, scope_rows=scope, result="passed", detail=details.get(name, ""))
        for name, scope in sorted(scopes.items())
    ]
    # What could look into no column at all is named too.
    checks += [
        CheckReport(name=name, scope_rows=0, result="not run", detail=details.get(name, ""))
        for name in sorted(details.keys() - scopes.keys())
    ]
    return MaskingReport(
        policy_digest=plan.policy_digest,
        tables=tuple(
            TableReport(table=str(found.table), rows=rows.get(str(found.table), 0), action=found.action)
            for found in plan.tables
        ),
        columns=tuple(
            ColumnReport(
                table=str(found.table),
                column=column.column.name,
                action=column.action,
                masker=column.maskers,
                nulls_filled=nulls.get((found.table.id, column.column.name), 0),
            )
            for found in plan.tables
            for column in found.columns
        ),
        verification=Verification(verdict="passed", checks=tuple(checks)),
        rows_masked=sum(
            rows.get(str(found.table), 0)
            for found in plan.tables
            if any(column.action == "mask" for column in found.columns)
        ),
    )
