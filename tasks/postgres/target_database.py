"""Reads which databases the target cluster has, afresh each time."""

from __future__ import annotations

from contracts.login import Login
from contracts.target import OurDatabase
from tasks.postgres.database_ownership import TargetDatabase, database_from_row, our_databases_among
from tasks.postgres.maintenance import Connection, maintenance, rows_of


def read_databases(connection: Connection) -> dict[str, TargetDatabase]:
    """Every database of the cluster, by name."""
    found = (database_from_row(row) for row in rows_of(connection, "target/databases.sql"))
    return {database.name: database for database in found}


def our_databases(login: Login, database: str) -> tuple[OurDatabase, ...]:
    """The databases of the cluster that belong to the live ``database``, itself among them."""
    with maintenance(login, database, doing="listing its databases") as connection:
        return our_databases_among(read_databases(connection), database)
