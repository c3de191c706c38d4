"""Carries a plan out on the clone: empty and filter, remember what was there, then one pass per table.

A pass goes the way that :mod:`masking.planning.ways` chooses.

Every step commits together with a mark that it is done, so that a run after a lost connection goes on where the
first one stopped, and no value is masked twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from contracts.errors import PreconditionFailed
from contracts.login import Login
from masking.catalogue import Catalogue, Table, TableName
from masking.fusing.fuser import Barrier, Pass
from masking.keys import MaskingKeys
from masking.maskers.masker import as_written
from masking.planning.plan import Plan, TablePlan
from masking.planning.ways import COPY_FROM_BYTES, Ways
from masking.statements.capture import looks_up
from masking.statements.checks import places
from masking.statements.nulls import columns_of_users_sql
from masking.statements.passes import (
    disarm,
    held_to_policies,
    rearm,
    update,
)
from tasks.postgres.connection import safe_errors
from tasks.postgres.masking_functions import create_functions
from tasks.postgres.masking_progress import MaskingProgress
from tasks.postgres.masking_session import (
    Connection,
    become_member,
    ensure_schema,
    hand_over_keys,
    in_parallel,
    look_names_up_as_planned,
    masking_session,
    may_create_in,
    run,
)
from tasks.postgres.progress import is_done, mark
from tasks.postgres.reducing import reduce, with_row_security
from tasks.postgres.remembering import remember_table
from tasks.postgres.script_check import analyse_scripts
from tasks.postgres.shuffling import map_shuffles
from tasks.postgres.slots import map_slots
from tasks.postgres.statements import statement
from tasks.postgres.table_copies import PageRange, TableCopy, ranges_of

_LARGE_OBJECTS_PER_TRANSACTION = 1000


def rewrite(
    login: Login,
    database: str,
    catalogue: Catalogue,
    plan: Plan,
    keys: MaskingKeys,
    *,
    copy_from_bytes: int = COPY_FROM_BYTES,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Mask the clone's ``database`` as ``plan`` says.

    Tables of ``copy_from_bytes`` and more are written anew where nothing keeps them from it, and lose their indexes and
    keys: unless the schema was saved, they are all updated in place. ``say`` hears how far it is, every half minute.

    Raises:
        PolicyInvalid: a ``where`` or an ``empty`` would leave a foreign key dangling, or a small range of masks
            has fewer than there are values. Nothing was masked.
        PreconditionFailed: the clone was begun with another policy, or objects belong to a role out of reach.
        DatabaseError: PostgreSQL refused a statement.
    """
    progress = MaskingProgress(catalogue, plan.stages, say)
    rewriting = _Rewriting(login, database, catalogue, plan, keys, copy_from_bytes, progress)
    _remember(rewriting)
    rewriting.map_values()
    for number, stage in enumerate(plan.stages):
        rewriting.run_passes(number, stage.passes)
        if stage.barrier is not None:
            rewriting.run_barrier(number, stage.barrier)
    rewriting.unlink_large_objects()
    progress.end()


def remember(login: Login, database: str, catalogue: Catalogue, plan: Plan, keys: MaskingKeys) -> None:
    """What :func:`rewrite` does before its first masking statement, by itself; it won't do it again then.

    Tables are emptied and filtered, and what the verification has to know of the others is remembered.

    Raises:
        As :func:`rewrite`.
    """
    progress = MaskingProgress(catalogue, plan.stages, lambda _: None)
    _remember(_Rewriting(login, database, catalogue, plan, keys, COPY_FROM_BYTES, progress))


def remember_whole_tables(
    login: Login, database: str, catalogue: Catalogue, plan: Plan, keys: MaskingKeys
) -> None:
    """The part of :func:`remember` that empties and filters nothing, and locks no table against being read.

    Raises:
        As :func:`rewrite`.
    """
    progress = MaskingProgress(catalogue, plan.stages, lambda _: None)
    rewriting = _Rewriting(login, database, catalogue, plan, keys, COPY_FROM_BYTES, progress)
    rewriting.prepare()
    rewriting.analyse_scripts()
    rewriting.capture([found for found in plan.tables if found.is_whole and not list(disarm(found.table))])


def _remember(rewriting: _Rewriting) -> None:
    rewriting.prepare()
    rewriting.analyse_scripts()
    reduce(rewriting.login, rewriting.database, rewriting.catalogue, rewriting.plan)
    rewriting.capture([found for found in rewriting.plan.tables if found.holds_rows])
    rewriting.index_raw_values()


def join_owners(login: Login, database: str, plan: Plan) -> None:
    """Have the rights of whoever owns a table: to mask it, and before that to read its schema.

    Raises:
        PreconditionFailed: objects belong to a role out of reach.
    """
    with masking_session(login, database, doing="joining the owners of its tables") as connection:
        _join_owners(connection, plan)


class _Rewriting:
    def __init__(
        self,
        login: Login,
        database: str,
        catalogue: Catalogue,
        plan: Plan,
        keys: MaskingKeys,
        copy_from_bytes: int,
        progress: MaskingProgress,
    ) -> None:
        self.login, self.database, self.progress = login, database, progress
        self.catalogue, self.plan, self.keys = catalogue, plan, keys
        self.ways = Ways(catalogue, plan.stages, copy_from_bytes=copy_from_bytes)

    def prepare(self) -> None:
        """Our schema with its functions, word lists and marks."""
        with masking_session(self.login, self.database, doing="preparing the clone") as connection:
            ensure_schema(connection, self.database)
            _join_owners(connection, self.plan)
            marker = f"policy {self.plan.policy_digest}"
            if connection.execute("SELECT pg_catalog.to_regclass('refresh_mask.progress')").fetchone() != (
                None,
            ):
                if not is_done(connection, marker):
                    raise PreconditionFailed(
                        "it has been masked with another policy, or in part",
                        resource=f"database {self.database!r}",
                        remedy="Start again from a new clone.",
                    )
                return
            with connection.transaction():
                create_functions(connection)
                mark(connection, marker)

    def analyse_scripts(self) -> None:
        """See that PostgreSQL takes every statement as it is written."""
        with masking_session(self.login, self.database, doing="analysing the scripts") as connection:
            analyse_scripts(connection, self.plan.statements)

    def capture(self, tables: Sequence[TablePlan]) -> None:
        """Remember each table's rows and, hashed, its raw values: the verification compares with them."""
        numbers = places(self.plan, self.catalogue)
        users_own = columns_of_users_sql(self.catalogue, self.plan)
        done = self._done("captured ")

        def remember(found: TablePlan) -> None:
            table, step = found.table, f"captured {found.table}"
            if step in done:
                return
            root = self.catalogue.root(table).id
            uses = [
                (numbers[root, column.column.name], column.use)
                for column in found.masked
                if column.use is not None and (root, column.column.name) in numbers
            ]
            with self._at_once(f"reading table {table}") as connection:
                run(connection, disarm(table))
                remember_table(connection, table, uses, users_own.get(root, ()))
                run(connection, rearm(table))
                mark(connection, step)

        in_parallel(self._largest_first(tables), remember)

    def index_raw_values(self) -> None:
        """Once all are there."""
        with masking_session(self.login, self.database, doing="indexing raw values' hashes") as connection:
            if any(looks_up(use) for _, use in self.plan.uses()):
                connection.execute(
                    "CREATE INDEX IF NOT EXISTS raw_values_place ON refresh_mask.raw_values (place, fingerprint)"
                )
            connection.execute("ANALYZE refresh_mask.raw_values")

    def map_values(self) -> None:
        """Give values of small ranges their distinct masks, and shuffled ones their places.

        Beside that, large copies of the first stage are begun, where that needs neither.
        """
        # To hash values keeps every core busy, to give them slots only one.
        are_hashed = threading.Event()

        def map_all() -> None:
            try:
                map_slots(self.login, self.database, self.plan, self.keys, are_hashed)
                map_shuffles(self.login, self.database, self.plan, self.keys)
            finally:
                are_hashed.set()

        def begin(copy: TableCopy) -> None:
            are_hashed.wait()
            self._begin(0, copy)

        copies: list[TableCopy] = []
        if self.plan.domains_with_maps and self.plan.stages:
            done = self._done("stage 0 ")
            copies = [
                copy
                for copy in self._copies(0, self.plan.stages[0].passes).values()
                if copy.is_divided
                # A table that is disarmed while its values are read is locked until they have their slots.
                and not list(disarm(copy.table))
                and not copy.begins_with(self.plan.domains_with_maps)
                and _begun(0, copy.table) not in done
            ]
        steps: list[Callable[[], None]] = [map_all, *(partial(begin, copy) for copy in copies)]
        in_parallel(steps, lambda step: step())

    def _begin(self, stage: int, copy: TableCopy) -> None:
        with self._at_once(f"masking table {copy.table}") as connection:
            look_names_up_as_planned(connection)
            copy.begin(connection)
            mark(connection, _begun(stage, copy.table))

    def run_passes(self, stage: int, passes: Sequence[tuple[Pass, ...]]) -> None:
        """The passes of one stage: tables side by side, a table's own passes in turn and in one transaction. Large
        tables that are written anew come after the others, with several sessions for each.
        """
        copies = self._copies(stage, passes)
        done = self._done(f"stage {stage} ")

        def work(found: tuple[Pass, ...]) -> None:
            table = self.catalogue.tables_by_id[found[0].table]
            copy, step = copies.get(table.id), _begun(stage, table)
            if step not in done and copy is not None:
                self._begin(stage, copy)
            elif step not in done:
                with self._at_once(f"masking table {table}") as connection:
                    look_names_up_as_planned(connection)
                    self._update(connection, table, found)
                    mark(connection, step)
            if copy is None or not copy.is_divided:
                self.progress.add(table)

        def work_on_range(found: PageRange) -> None:
            step = f"stage {stage} {found}"
            if step not in done:
                with self._at_once(f"masking {found}") as connection:
                    look_names_up_as_planned(connection)
                    found.fill(connection)
                    mark(connection, step)
            self.progress.add(found.copy.table, found.share)

        sizes = {found.table.id: found for found in self.plan.tables}
        largest_first = self._largest_first([sizes[found[0].table] for found in passes])
        order = {plan.table.id: place for place, plan in enumerate(largest_first)}
        in_parallel(sorted(passes, key=lambda found: order[found[0].table]), work)
        in_parallel(self._ranges(stage, copies.values(), done), work_on_range)
        self._replace(stage, copies.values())

    def _done(self, steps: str) -> frozenset[str]:
        """The steps, of those whose names begin so, that were done before: by a run whose connection was lost."""
        with masking_session(self.login, self.database, doing="reading what is done") as connection:
            found = connection.execute(
                "SELECT step FROM refresh_mask.progress WHERE pg_catalog.starts_with(step, %s)", (steps,)
            ).fetchall()
        return frozenset(step for (step,) in found)

    @contextmanager
    def _at_once(self, doing: str) -> Iterator[Connection]:
        """A transaction whose statements are sent without waiting for each one's answer: none is looked at."""
        with masking_session(self.login, self.database, doing=doing) as connection:
            hand_over_keys(connection, self.plan, self.keys)
            with connection.pipeline(), connection.transaction():
                yield connection

    def _ranges(self, stage: int, copies: Iterable[TableCopy], done: frozenset[str]) -> list[PageRange]:
        """Of the copies that were begun empty, and aren't in place yet."""
        by_number = {copy.number: copy for copy in copies if _in_place(stage, copy) not in done}
        if not by_number:
            return []
        with masking_session(self.login, self.database, doing="dividing large tables") as connection:
            return ranges_of(connection, by_number)

    def _copies(self, stage: int, passes: Sequence[tuple[Pass, ...]]) -> dict[TableName, TableCopy]:
        """The tables of a stage that are written anew."""
        copied = [
            (self.catalogue.tables_by_id[found[0].table], found)
            for found in passes
            if self.ways.of(stage, found).name == "copy"
        ]
        if not copied:
            return {}
        numbers = {table.id: number for number, table in enumerate(self.catalogue.tables)}
        with masking_session(self.login, self.database, doing="choosing the ways of passes") as connection:
            if connection.execute("SELECT pg_catalog.to_regclass('refresh_archive.schema')").fetchone() == (
                None,
            ):
                return {}
            open_schemas = {
                schema
                for schema in {table.schema for table, _ in copied}
                if may_create_in(connection, schema)
            }
            held = set(connection.execute(statement("session/held_tables.sql")).fetchall())
        return {
            table.id: TableCopy(
                plan=self.plan.tables_by_id[table.id],
                passes=found,
                number=numbers[table.id],
                server_version_num=self.catalogue.server_version_num,
            )
            for table, found in copied
            if table.schema in open_schemas and (table.schema, table.name) not in held
        }

    def _update(self, connection: Connection, table: Table, found: Sequence[Pass]) -> None:
        whole = self._tree(table)
        for part in whole:
            run(connection, disarm(part))
        for one in found:
            connection.execute(update(one, table))
        for part in whole:
            run(connection, rearm(part))

    def _replace(self, stage: int, copies: Iterable[TableCopy]) -> None:
        """One after the other, when no other session is at work: dropping a table locks what has a key to it."""
        with masking_session(self.login, self.database, doing="putting copies in place") as connection:
            for copy in copies:
                step = _in_place(stage, copy)
                if is_done(connection, step):
                    continue
                with connection.transaction():
                    copy.put_in_place(connection)
                    mark(connection, step)

    def run_barrier(self, stage: int, barrier: Barrier) -> None:
        """A script's statement as it is written."""
        step = f"stage {stage} {barrier.statement.position}"
        with (
            safe_errors(str(barrier.statement.position), doing="running this statement"),
            masking_session(self.login, self.database, doing="running a script") as connection,
        ):
            if is_done(connection, step):
                return
            with connection.transaction():
                look_names_up_as_planned(connection)
                target = self.catalogue.tables_by_id[barrier.table]
                whole = with_row_security(self.plan, self.catalogue.heirs(target))
                for part in whole:
                    run(connection, disarm(part))
                connection.execute(as_written(barrier.statement.text))
                for part in whole:
                    run(connection, rearm(part))
                mark(connection, step)

    def unlink_large_objects(self) -> None:
        """A large object is locked by itself, so they go by the thousand."""
        if self.plan.large_objects != "empty":
            return
        with masking_session(self.login, self.database, doing="unlinking large objects") as connection:
            owners = connection.execute(
                "SELECT DISTINCT pg_catalog.pg_get_userbyid(lomowner)::text FROM pg_catalog.pg_largeobject_metadata"
            ).fetchall()
            for (owner,) in owners:
                become_member(connection, owner, owns="large objects")
            while connection.execute(
                "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata LIMIT %s",
                (_LARGE_OBJECTS_PER_TRANSACTION,),
            ).rowcount:
                pass

    def _tree(self, table: Table) -> list[Table]:
        """A table and, where it is partitioned, all below it."""
        if table.kind != "p":
            return [table]
        return [
            table,
            *(part for child in self.catalogue.children.get(table.id, ()) for part in self._tree(child)),
        ]

    def _largest_first(self, tables: Sequence[TablePlan]) -> list[TablePlan]:
        def size(found: TablePlan) -> int:
            return sum(leaf.size_bytes for leaf in self.catalogue.leaves(found.table))

        return sorted(tables, key=size, reverse=True)


def _begun(stage: int, table: Table) -> str:
    return f"stage {stage} {table}"


def _in_place(stage: int, copy: TableCopy) -> str:
    return f"stage {stage} {copy.table} in place"


def _join_owners(connection: Connection, plan: Plan) -> None:
    held = held_to_policies(plan)
    owners = {
        found.table.owner: found.table for found in plan.tables if found.holds_rows or found.table in held
    }
    for owner, table in owners.items():
        become_member(connection, owner, owns=f"table {table}")
