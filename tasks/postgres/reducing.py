"""Empties and filters tables before anything else happens to them."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.errors import PolicyInvalid
from contracts.login import Login
from masking.catalogue import Catalogue, Table
from masking.planning.plan import Plan
from masking.statements.passes import (
    dangling,
    delete_all,
    delete_others,
    disarm,
    foreign_keys,
    held_to_policies,
    rearm,
    truncatable,
    truncate,
)
from tasks.postgres.connection import safe_errors
from tasks.postgres.masking_session import Connection, look_names_up_as_planned, masking_session, run
from tasks.postgres.progress import is_done, mark


def reduce(login: Login, database: str, catalogue: Catalogue, plan: Plan) -> None:
    """Leave the rows that the policy lets be, and see that no foreign key dangles then.

    Raises:
        PolicyInvalid: one would.
    """
    with masking_session(login, database, doing="emptying and filtering tables") as connection:
        if is_done(connection, "reduced"):
            return
        together, singly = truncatable(catalogue, plan)
        filtered = [(found.table.id, found.where) for found in plan.filtered if found.where is not None]
        with connection.transaction():
            look_names_up_as_planned(connection)
            touched = [*together, *singly, *(name for name, _ in filtered)]
            # A predicate, and the look for what dangles, may read any table.
            armed = with_row_security(plan, [catalogue.tables_by_id[name] for name in touched])
            for table in armed:
                run(connection, disarm(table))
            if together:
                connection.execute(truncate(together))
            for name in singly:
                connection.execute(delete_all(name))
            for name, where in filtered:
                with safe_errors(f"table {name}", doing="deleting the rows that its where leaves out"):
                    connection.execute(delete_others(name, where))
            if touched:
                _check_references(connection, catalogue, plan)
            for table in armed:
                run(connection, rearm(table))
            mark(connection, "reduced")


def with_row_security(plan: Plan, tables: Iterable[Table]) -> list[Table]:
    """Tables, and all others whose row security would keep their owner from reading them."""
    return list(dict.fromkeys([*tables, *held_to_policies(plan)]))


def _check_references(connection: Connection, catalogue: Catalogue, plan: Plan) -> None:
    for table, key, referenced in foreign_keys(catalogue):
        ours, theirs = plan.tables_by_id[table.id], plan.tables_by_id[referenced.id]
        nulled = {
            found.column.name
            for found in ours.masked
            if found.use is not None
            and {part.masker.name for part in found.use.parts} == {"null"}
            and not found.use.keeps_rows
        }
        if ours.action == "empty" or theirs.derived_kind == "extension" or nulled & set(key.columns):
            continue
        found = connection.execute(dangling(table, key, referenced)).fetchone()
        if found is not None and found[0]:
            raise PolicyInvalid(
                f"{found[0]} rows would refer by foreign key {key.name} to rows of {referenced} that are left out",
                resource=f"table {table}",
                remedy="Write a where that leaves them out too, or mask the referring column as null.",
            )
