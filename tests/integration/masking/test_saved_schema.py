"""The archive's schema after quarantine is the source's, entry by entry, but for what must not leave."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from deployments.localaws.binaries import find_binaries
from deployments.localaws.postgresql import PostgresServer
from masking.proof.literals import entries_of
from tasks.archive.saved_schema import read_saved_schema, save_schema
from tasks.postgres.connection import connect
from tasks.postgres.quarantine import event_triggers_as_at_the_source, quarantine
from tests.integration.masking.conftest import Clone

SHOP = Path(__file__).parents[1] / "archive" / "shop.sql"
#: What the shop of the archive's tests lacks.
MORE = """
    CREATE EXTENSION pgrowlocks; COMMENT ON EXTENSION pgrowlocks IS 'who locks what';
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER warehouse FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'warehouse.invalid');
    COMMENT ON SERVER warehouse IS 'of the other house';
    CREATE FOREIGN TABLE stock (item text OPTIONS (column_name 'name')) SERVER warehouse OPTIONS (table_name 'things');
    CREATE USER MAPPING FOR PUBLIC SERVER warehouse OPTIONS (user 'u', password 'hush');
    CREATE FOREIGN DATA WRAPPER plain OPTIONS (level '3');
    CREATE SERVER shed FOREIGN DATA WRAPPER plain OPTIONS (host 'shed.invalid', password 'hush');
    CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER always ON ddl_command_end EXECUTE FUNCTION nothing(); ALTER EVENT TRIGGER always ENABLE ALWAYS;
    CREATE EVENT TRIGGER replica ON sql_drop EXECUTE FUNCTION nothing(); ALTER EVENT TRIGGER replica ENABLE REPLICA;
    CREATE EVENT TRIGGER disabled ON sql_drop EXECUTE FUNCTION nothing(); ALTER EVENT TRIGGER disabled DISABLE;
    ALTER TABLE users ADD CONSTRAINT born_since CHECK (born > '1900-01-01') NOT VALID;
    CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE longest (text) (sfunc = textcat, stype = text);
    CREATE COLLATION plain_c FROM "C";
    CREATE SUBSCRIPTION orders_in CONNECTION 'host=publisher.invalid password=hush' PUBLICATION p
      WITH (connect = false, slot_name = 'orders_in');
"""
AT_LOGIN = "CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION nothing()"
KINDS = {
    "ACL", "AGGREGATE", "CHECK CONSTRAINT", "COLLATION", "COMMENT", "CONSTRAINT", "DEFAULT", "DEFAULT ACL", "DOMAIN",
    "EVENT TRIGGER", "EXTENSION", "FK CONSTRAINT", "FOREIGN DATA WRAPPER", "FOREIGN TABLE", "FUNCTION", "INDEX",
    "INDEX ATTACH", "MATERIALIZED VIEW", "POLICY", "PROCEDURE", "PUBLICATION", "PUBLICATION TABLE", "ROW SECURITY",
    "RULE", "SCHEMA", "SEQUENCE", "SEQUENCE OWNED BY", "SERVER", "STATISTICS", "SUBSCRIPTION", "TABLE", "TABLE ATTACH",
    "TRIGGER", "TYPE", "USER MAPPING", "VIEW",
}  # fmt: skip
# What pg_restore says before the next entry that it differs for.
_BETWEEN = re.compile(r"^SET default_\w+ = .*;$", re.MULTILINE)

Entry = tuple[str, str]
Tool = Callable[..., str]


@pytest.fixture
def tool(postgres_server: PostgresServer) -> Tool:
    def run(name: str, *arguments: str) -> str:
        finished = subprocess.run(
            [postgres_server.binaries.tool(name), *arguments], capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


@pytest.fixture
def source(
    clone: Clone, as_superuser: Callable[[str], None], superuser_conninfo: Callable[[str], str]
) -> Iterator[Clone]:
    """One of each kind of object. Aurora lets the master user own event triggers and subscribe; here it is a superuser
    for that.
    """
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'shop_owner'").rowcount:
            connection.execute("CREATE ROLE shop_owner")
    as_superuser(f"GRANT CREATE ON DATABASE {clone.database} TO shop_owner")
    as_superuser(SHOP.read_text())
    as_superuser(f"ALTER ROLE {clone.login.username} SUPERUSER")
    try:
        clone.execute(MORE)
        if find_binaries().major >= 17:
            clone.execute(AT_LOGIN)
        yield clone
    finally:
        as_superuser(f"ALTER ROLE {clone.login.username} NOSUPERUSER")


def test_the_archive_has_the_sources_schema_but_for_what_must_not_leave(
    source: Clone, tool: Tool, superuser_conninfo: Callable[[str], str], tmp_path: Path
) -> None:
    original = _entries(tool("pg_dump", "--schema-only", "-d", superuser_conninfo(source.database)))
    quarantine(source.login, source.database)
    with event_triggers_as_at_the_source(source.login, source.database):
        save_schema(source.login, source.database)
    with connect(source.login, source.database) as connection:
        (tmp_path / "toc.dat").write_bytes(read_saved_schema(connection, source.database).toc)
    saved = _entries(tool("pg_restore", "--schema-only", "--file=-", str(tmp_path)))

    assert {kind for kind, _ in original} >= KINDS, "one of each kind"
    assert original.keys() - saved.keys() == {
        ("SUBSCRIPTION", "-.orders_in"),
        ("USER MAPPING", "-.USER MAPPING public SERVER warehouse"),
        ("EXTENSION", "-.pgrowlocks"),
        ("COMMENT", "-.EXTENSION pgrowlocks"),
    }
    # Of our own schemas nothing is. What fills materialized views counts as rows.
    assert {kind for kind, _ in saved.keys() - original.keys()} == {"MATERIALIZED VIEW DATA"}
    differing = {entry for entry in saved.keys() & original.keys() if saved[entry] != original[entry]}
    assert differing == {("SERVER", "-.shed")}
    (server,) = saved["SERVER", "-.shed"]
    assert "host 'shed.invalid'" in server
    assert "hush" not in "".join(text for texts in saved.values() for text in texts)


def _entries(script: str) -> dict[Entry, list[str]]:
    """The SQL of each kind and name, of the few that share theirs several."""
    script, _, _ = script.partition("\n--\n-- PostgreSQL database dump complete")
    found: dict[Entry, list[str]] = {}
    for entry in entries_of(script):
        found.setdefault((entry.kind, f"{entry.schema}.{entry.name}"), []).append(
            _BETWEEN.sub("", entry.text).strip()
        )
    # Before PostgreSQL 17 an extension that is left out is an entry without SQL.
    return {entry: sorted(texts) for entry, texts in found.items() if any(texts)}
