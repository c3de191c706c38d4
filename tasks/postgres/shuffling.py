"""Finds, before the pass, which row of a shuffled column gets the value of which."""

from __future__ import annotations

from contracts.errors import PolicyInvalid
from contracts.login import Login
from masking.keys import MaskingKeys
from masking.planning.plan import Plan
from masking.planning.shuffles import ROWS_PER_VALUE
from masking.statements.passes import disarm, rearm
from masking.statements.shuffles import map_shuffle, rare_values
from tasks.postgres.masking_session import hand_over_keys, masking_session, run
from tasks.postgres.progress import is_done, mark


def map_shuffles(login: Login, database: str, plan: Plan, keys: MaskingKeys) -> None:
    """Make the maps of all shuffled columns.

    Raises:
        PolicyInvalid: a value is in so few rows that it may be somebody's. Nothing was masked.
    """
    for column, (use, tables) in plan.shuffled.items():
        step = f"shuffled {column}"
        with (
            masking_session(login, database, doing=f"shuffling column {column}") as connection,
            connection.transaction(),
        ):
            if is_done(connection, step):
                continue
            hand_over_keys(connection, plan, keys)
            for table in tables:
                run(connection, disarm(table))
            found = connection.execute(rare_values(tables, use, ROWS_PER_VALUE)).fetchone()
            if found and found[0]:
                raise PolicyInvalid(
                    f"{found[0]} of its values are in fewer than {ROWS_PER_VALUE} rows each, and may be somebody's in "
                    "whatever row they are",
                    resource=f"column {column}",
                    remedy="Don't shuffle it: use a masker, or bucket.",
                )
            connection.execute(map_shuffle(tables, use))
            for table in tables:
                run(connection, rearm(table))
            connection.execute("ANALYZE refresh_mask.shuffled")
            mark(connection, step)
