"""A root key's sub-keys reach the sessions that mask, and nothing else ever shows one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deployments.localaws.postgresql import PostgresServer
from masking.keys import MaskingKeys
from tests.integration.masking.conftest import Clone

KEYS = MaskingKeys(root=bytes.fromhex("9c1d5e0f7ab34826d1e94f6085b3c27ae6047d9a3b5f1c8802d4b6e9715a3f0c"))
DOMAINS = ("email", "phone")
POLICY = "tables: {t: {columns: {id: keep, email: email, phone: phone}}}"
TALKATIVE = {
    "log_min_messages": "debug5",
    "log_min_error_statement": "debug5",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_duration": "on",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_error_verbosity": "verbose",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "debug_print_plan": "on",
    "log_statement_stats": "on",
}


@pytest.fixture
def talkative(database: str, superuser_conninfo: Callable[[str], str]) -> None:
    """Whoever connects to the database has all logged that PostgreSQL can log."""
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        for name, value in TALKATIVE.items():
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(database), sql.Identifier(name), sql.Literal(value)
                )
            )


@pytest.fixture
def statements_seen(database: str, superuser_conninfo: Callable[[str], str]) -> Iterator[set[str]]:
    """The texts of other sessions' statements, as ``pg_stat_activity`` shows them while the test runs."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
            while not done.wait(0.002):
                seen.update(
                    query
                    for (query,) in connection.execute(
                        "SELECT query FROM pg_stat_activity WHERE datname = %s", (database,)
                    )
                )

    watching = threading.Thread(target=look)
    watching.start()
    yield seen
    done.set()
    watching.join()


def _secrets() -> dict[str, bytes]:
    """What nobody may find: the root, each domain's sub-key, and the padded keys that sessions hold."""
    found = {"root": KEYS.root}
    for domain in DOMAINS:
        found[f"sub-key of {domain}"] = KEYS.sub_key(domain)
        found |= {name: bytes.fromhex(value) for name, value in KEYS.session_settings(domain).items()}
    return found


def _leaks(content: bytes) -> list[str]:
    lower = content.lower()
    return [
        name for name, secret in _secrets().items() if secret in content or secret.hex().encode() in lower
    ]


@pytest.mark.usefixtures("talkative")
def test_no_key_is_in_a_servers_log_that_has_everything_nor_in_another_sessions_view_nor_on_disk(
    clone: Clone,
    postgres_server: PostgresServer,
    statements_seen: set[str],
    superuser_conninfo: Callable[[str], str],
) -> None:
    clone.execute(
        "CREATE TABLE t (id int PRIMARY KEY, email text UNIQUE, phone text UNIQUE);"
        "INSERT INTO t SELECT i, 'person' || i || '@mail.example', '2127365' || lpad(i::text, 3, '0')"
        " FROM generate_series(1, 300) i"
    )
    log = postgres_server.log_path
    began_at = log.stat().st_size
    clone.mask(POLICY, keys=KEYS)
    logged = log.read_bytes()[began_at:]

    # The log has the statement that hands the keys over, with its parameters: it is worth looking at.
    assert b"AS given (name, value)" in logged
    assert b"refresh_mask.key_email" in logged
    assert _leaks(logged) == []
    assert any("refresh_mask" in statement for statement in statements_seen)
    assert _leaks("\n".join(statements_seen).encode()) == []
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    assert {str(path): leaks for path in _files(log.parent) if (leaks := _leaks(path.read_bytes()))} == {}


def _files(directory: Path) -> Iterator[Path]:
    """The catalogues and tables of every database, and the write-ahead log."""
    for path in directory.rglob("*"):
        if path.is_file() and {"base", "global", "pg_wal", "pg_replslot"} & set(path.parts):
            yield path
