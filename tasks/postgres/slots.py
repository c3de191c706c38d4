"""Gives the values of small ranges, such as SSNs, their distinct masks before a pass."""

from __future__ import annotations

from threading import Event

from contracts.errors import PolicyInvalid
from contracts.login import Login
from masking.keys import MaskingKeys
from masking.maskers.masker import Use
from masking.planning.plan import Plan, TablePlan
from masking.statements.passes import disarm, rearm
from masking.statements.slots import hashed_others, hashed_values
from tasks.postgres.masking_session import Connection, hand_over_keys, masking_session, run
from tasks.postgres.progress import is_done, mark

#: With more ranges than this, values of one range are found by an index.
_READ_AS_A_WHOLE = 3


def map_slots(login: Login, database: str, plan: Plan, keys: MaskingKeys, are_hashed: Event) -> None:
    """Settle all domains of such values. ``are_hashed`` is set when there is nothing more to do than that.

    Raises:
        PolicyInvalid: a range has fewer masks than there are values. Nothing was masked.
    """
    for domain in plan.mapped_domains:
        step = f"mapped {domain}"
        with (
            masking_session(login, database, doing=f"mapping masking domain {domain}") as connection,
            connection.transaction(),
        ):
            if is_done(connection, step):
                continue
            hand_over_keys(connection, plan, keys)
            _hash_values(connection, plan, domain)
            if domain == plan.mapped_domains[-1]:
                are_hashed.set()
            _settle(connection, plan, domain)
            mark(connection, step)


def _hash_values(connection: Connection, plan: Plan, domain: str) -> None:
    """Collect what the values of one masking domain hash to, for :func:`_settle` in the same transaction."""
    sources = _sources(plan, domain)
    for found, _ in sources:
        run(connection, disarm(found.table))
    columns = [(found.table, use) for found, use in sources]
    run(connection, hashed_values(columns))
    if connection.execute("SELECT FROM refresh_mask.hashed_values WHERE capacity IS NULL LIMIT 1").rowcount:
        run(connection, hashed_others(columns))
    # A few thousand rows tell how many there are of each range.
    connection.execute("SET LOCAL default_statistics_target = 10")
    connection.execute("ANALYZE refresh_mask.hashed_values")
    for found, _ in sources:
        run(connection, rearm(found.table))


def _settle(connection: Connection, plan: Plan, domain: str) -> None:
    """Give the values that :func:`_hash_values` collected their slots."""
    spaces = connection.execute(
        "SELECT capacity, pg_catalog.count(*), pg_catalog.bool_or(own >= 0) FROM refresh_mask.hashed_values GROUP BY 1"
    ).fetchall()
    if len(spaces) > _READ_AS_A_WHOLE:
        connection.execute("CREATE INDEX ON refresh_mask.hashed_values (capacity)")
        connection.execute("ANALYZE refresh_mask.hashed_values")
    for capacity, rows, some_own in spaces:
        needed, free = connection.execute(
            "SELECT needed, free FROM refresh_mask.settle_slots(%s, %s, %s, %s)",
            (domain, capacity, rows, some_own),
        ).fetchall()[0]
        if needed > free:
            sources = _sources(plan, domain)
            columns = ", ".join(sorted({f"{found.table}.{use.column.name}" for found, use in sources}))
            raise PolicyInvalid(
                f"{needed} values need distinct masks of masking domain {domain}, and its range of "
                f"{capacity} has {free} left",
                resource=f"columns {columns}",
                remedy=next(
                    (use.masker.wider for _, use in sources if use.masker.wider),
                    "Use pseudonym for the column with the unique index, with a domain of its own.",
                ),
            )
    connection.execute("SELECT refresh_mask.fill_moved_filter(%s)", (domain,))
    connection.execute("DROP TABLE refresh_mask.hashed_values")


def _sources(plan: Plan, domain: str) -> list[tuple[TablePlan, Use]]:
    return [
        (found, use) for found, use in plan.parts() if use.domain == domain and use.masker.distinct == "slots"
    ]
