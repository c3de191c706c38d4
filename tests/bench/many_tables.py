"""A database with thousands of small tables, the policy that says something of every column of it, and scripts."""

from __future__ import annotations

from pathlib import Path

from tests.bench.server import BenchServer

HERE = Path(__file__).parent
#: Tables that are made in one transaction: each takes a few locks until it ends.
_AT_ONCE = 500
#: As many locks as Aurora gives an instance of 16 GiB, whose connections are many more than the bench's.
SETTINGS = {"max_locks_per_transaction": "1024"}
_GROUP = 20
#: Places in a group of twenty.
_SCRIPTED, _FILTERED, _EMPTIED, _PARTITIONED = 12, 13, 14, 15
_STATEMENT = 500
_COLUMNS = """\
    columns:
      id: keep
      parent_id: keep
      email: email
      first_name: first_name
      last_name: last_name
      phone: phone
      note: free_text
      born_on: {date_of_birth: {domain: birthday}}
      amount: keep
      created_at: {keep: "when the row was written"}
"""


def make_many_tables(server: BenchServer, database: str, *, tables: int) -> None:
    """``tables`` tables and partitions, analysed."""
    server.drop(database)
    server.create(database)
    text = (HERE / "many_tables.sql").read_bytes()
    with server.user(database) as connection:
        for first in range(0, tables, _AT_ONCE):
            last = min(first + _AT_ONCE, tables) - 1
            for name, value in (("bench.first", first), ("bench.last", last)):
                connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, str(value)))
            connection.execute(text)
        connection.execute("ANALYZE")


def policy(tables: int) -> str:
    """``policy.yaml``."""
    return "tables:\n" + "".join(_rule(number) for number in range(tables))


def scripts(tables: int) -> dict[str, str]:
    """``masking/*.sql``: a statement for one table in twenty, and one in five hundred that runs as it is written."""
    lines = []
    for number in range(tables):
        if number % _GROUP == _SCRIPTED:
            lines.append(f"UPDATE t{number} SET note = 'a note of ' || length(note) || ' letters';")
        if number % _STATEMENT == _GROUP - 1:
            lines.append(f"DELETE FROM t{number} WHERE amount > 1;")
    return {"notes.sql": "\n".join(lines)}


def _rule(number: int) -> str:
    place, name = number % _GROUP, f"  public.t{number}:"
    if place > _PARTITIONED:
        return ""
    if place == _EMPTIED:
        return f"{name} empty\n"
    where = '    where: "id > 1"\n' if place == _FILTERED else ""
    columns = _COLUMNS if place != _SCRIPTED else _COLUMNS.replace("free_text", "{script: {domain: notes}}")
    return f"{name}\n{where}{columns}"
