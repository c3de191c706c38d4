"""Has PostgreSQL analyse every script statement as it is written, before anything is masked.

What is fused runs in another form, in which some that PostgreSQL refuses would pass: a text that is assigned to a
number, say. And a name that is misspelt in a statement that runs last is better known first.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from masking.maskers.masker import as_written
from masking.syntax.scripts import ScriptStatement
from tasks.postgres.connection import safe_errors
from tasks.postgres.masking_session import Connection, look_names_up_as_planned


def analyse_scripts(connection: Connection, statements: Iterable[ScriptStatement]) -> None:
    """Raise the error of the first statement that PostgreSQL doesn't take, with its place. None is run.

    Raises:
        DatabaseError: naming file, line and column.
    """
    for statement in statements:
        with (
            safe_errors(str(statement.position), doing="analysing this statement"),
            connection.transaction(),
        ):
            look_names_up_as_planned(connection)
            # Where a policy holds for the owner, it may be added to a statement of which no row is read.
            connection.execute("SELECT pg_catalog.set_config('row_security', 'on', true)")
            connection.execute(
                sql.SQL("PREPARE refresh_mask_script AS {}").format(as_written(statement.text))
            )
            connection.execute("DEALLOCATE refresh_mask_script")
