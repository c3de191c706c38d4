"""What the users of a database see while it is swapped, and what is left when the swapping process is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.carry_over import carry_over
from tasks.postgres.shadow import create_shadow, drop_expired, drop_shadow
from tasks.postgres.swap import rollback, swap

if TYPE_CHECKING:
    from contracts.login import Login
    from contracts.naming import RunKey
    from tests.integration.target.conftest import Target

ADMIN_SHUTDOWN, NO_SUCH_DATABASE = "57P01", "3D000"
ROWS = 500


class Client(threading.Thread):
    """Queries again and again, over one connection or a new one each time, and notes all that it sees."""

    def __init__(self, login: Login, database: str, *, reconnects: bool, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.parameters = login.connect_parameters(database)
        self.reconnects = reconnects
        self.stop = stop
        self.seen: list[tuple[str, int]] = []
        self.errors: list[str] = []
        self.longest_gap_s = 0.0
        self.failure: AssertionError | None = None

    def run(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        answered_at = time.monotonic()
        try:
            while not self.stop.is_set():
                try:
                    if connection is None:
                        connection = psycopg.connect(**self.parameters, autocommit=True)  # type: ignore[arg-type]
                    row = connection.execute(
                        "SELECT min(generation), count(*) FROM public.items HAVING min(generation) = max(generation)"
                    ).fetchone()
                    assert row is not None, "rows of two generations"
                    self.seen.append((row[0], row[1]))
                    self.longest_gap_s = max(self.longest_gap_s, time.monotonic() - answered_at)
                    answered_at = time.monotonic()
                    if self.reconnects:
                        connection.close()
                        connection = None
                except psycopg.Error as error:
                    self.errors.append(_sqlstate(error))
                    if connection is not None:
                        connection.close()
                    connection = None
        except AssertionError as error:
            self.failure = error
        finally:
            if connection is not None:
                connection.close()


def _sqlstate(error: psycopg.Error) -> str:
    """libpq knows no SQLSTATE where a connection was refused, only the server's words."""
    if error.sqlstate:
        return error.sqlstate
    text = str(error)
    if "does not exist" in text:
        return NO_SUCH_DATABASE
    if "terminating connection due to administrator command" in text:
        return ADMIN_SHUTDOWN
    # The server had ended the session, and the client found its connection closed.
    return ADMIN_SHUTDOWN if "server closed the connection unexpectedly" in text else text


def fill(target: Target, database: str, generation: str) -> None:
    target.execute(
        "CREATE TABLE public.items AS"
        f" SELECT i, '{generation}'::text AS generation FROM generate_series(1, {ROWS}) i;"
        " GRANT SELECT ON public.items TO PUBLIC",
        database,
    )


def test_four_clients_that_loop_through_a_swap_see_the_old_database_or_the_new_one(
    target: Target, record_property: Callable[[str, object], None]
) -> None:
    run = target.run()
    fill(target, target.database, "old")
    with hold_target(target.login, target.database, run):
        fill(target, target.restore(run, "first"), "new")
        stop = threading.Event()
        clients = [
            Client(target.login, target.database, reconnects=number % 2 == 0, stop=stop)
            for number in range(4)
        ]
        for client in clients:
            client.start()
        wait_until(lambda: all(len(client.seen) > 20 for client in clients))
        swapped = target.swap(run)
        behind = [len(client.seen) for client in clients]
        wait_until(lambda: all(len(c.seen) > n + 20 for c, n in zip(clients, behind, strict=True)))
        stop.set()
        for client in clients:
            client.join()
    for client in clients:
        assert client.failure is None
        assert set(client.seen) == {("old", ROWS), ("new", ROWS)}
        first_new = client.seen.index(("new", ROWS))
        assert ("old", ROWS) not in client.seen[first_new:]
        assert set(client.errors) <= {ADMIN_SHUTDOWN, NO_SUCH_DATABASE}
    gap_s = max(client.longest_gap_s for client in clients)
    record_property("longest_gap_s", gap_s)
    print(
        f"swap {swapped.seconds:.3f} s, {swapped.sessions_terminated} sessions ended, longest gap {gap_s:.3f} s,"
        f" errors per client {[len(client.errors) for client in clients]}"
    )


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)


def killed_before(statement: int, call: Callable[[], object]) -> bool:
    """Run ``call`` in a process that SIGKILLs itself before its ``statement``-th statement; whether it got there."""

    def child() -> None:
        count = 0
        execute = psycopg.Cursor.execute

        def counting(self: Any, *arguments: Any, **keywords: Any) -> Any:
            nonlocal count
            if threading.current_thread() is threading.main_thread():
                count += 1
                if count == statement:
                    os.kill(os.getpid(), signal.SIGKILL)
            return execute(self, *arguments, **keywords)

        psycopg.Cursor.execute = counting  # type: ignore[method-assign]
        psycopg.RawCursor.execute = counting  # type: ignore[method-assign]
        call()
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def assert_one_of_two(target: Target, run: RunKey) -> str:
    """The live database is there, lets people in, and is the old one or the new one, with its comment."""
    wait_until(
        lambda: (
            not target.execute(
                "SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER DATABASE%' AND state = 'active'",
                "postgres",
            )
        )
    )
    generation = target.marker()
    with psycopg.connect(**target.login.connect_parameters(target.database)) as connection:  # type: ignore[arg-type]
        connection.execute("SELECT 1")
    shadow = run.shadow_database(target.database).removeprefix(target.database)
    owner = target.owner_line()
    if generation == "users":
        assert target.suffixes() == {"", shadow}
        assert owner is None
    else:
        assert generation == "first"
        assert target.suffixes() == {"", "__original"}
        assert owner is not None
        assert owner.run == run
    assert target.execute(
        "SELECT datallowconn, datconnlimit FROM pg_database WHERE datname = current_database()"
    ) == [(True, -1)]
    return generation


def test_a_swap_killed_before_any_of_its_statements_leaves_old_or_new_and_can_be_run_again(
    target: Target,
) -> None:
    run = target.run()
    ownership = target.ownership(run)
    expires_at = datetime.now(UTC) + timedelta(days=7)

    def swap_now() -> None:
        swap(target.login, target.database, ownership, previous_expires_at=expires_at)

    with hold_target(target.login, target.database, run):
        target.restore(run, "first")
        statement, generations = 1, []
        while killed_before(statement, swap_now):
            generations.append(assert_one_of_two(target, run))
            statement += 1
        assert assert_one_of_two(target, run) == "first"
        assert set(generations) == {"users"}
        assert statement > 10
        assert target.swap(run).already_done


@pytest.mark.parametrize("delay_ms", [0, 15, 30, 60, 120])
def test_a_swap_killed_at_some_moment_leaves_old_or_new(target: Target, delay_ms: int) -> None:
    run = target.run()
    ownership = target.ownership(run)
    with hold_target(target.login, target.database, run), target.connect():
        target.restore(run, "first")
        process = multiprocessing.get_context("fork").Process(
            target=swap,
            args=(target.login, target.database, ownership),
            kwargs={"previous_expires_at": datetime.now(UTC)},
        )
        process.start()
        time.sleep(delay_ms / 1000)
        process.kill()
        process.join()
        assert_one_of_two(target, run)
        target.swap(run)
        assert assert_one_of_two(target, run) == "first"


def test_a_rollback_killed_before_any_of_its_statements_leaves_one_of_the_two(target: Target) -> None:
    target.refresh("first")
    target.refresh("second")
    run = target.run()

    def roll_back() -> None:
        rollback(target.login, target.database, run, previous_expires_at=datetime.now(UTC))

    with hold_target(target.login, target.database, run):
        statement = 1
        while killed_before(statement, roll_back):
            assert target.marker() == "second"
            assert target.suffixes() == {"", "__previous", "__original"}
            statement += 1
    assert (target.marker(), target.marker(f"{target.database}__previous")) == ("first", "second")


def test_a_shadow_whose_maker_was_killed_is_always_recognised_as_ours(target: Target) -> None:
    """At each statement: before CREATE DATABASE, between it and COMMENT, and after."""
    statement, half_made = 1, 0
    while True:
        run = target.run()
        ownership = target.ownership(run, expires_in=timedelta(hours=-1))

        def create(ownership: Any = ownership) -> None:
            create_shadow(target.login, target.database, ownership, locale=target.locale())

        with hold_target(target.login, target.database, run):
            was_killed = killed_before(statement, create)
        name = run.shadow_database(target.database)
        exists = name in target.databases()
        if exists and target.comment(name) is None:
            half_made += 1
        if statement % 2:
            assert drop_shadow(target.login, target.database, run) == exists
        else:
            swept = drop_expired(
                target.login,
                target.database,
                target.run(),
                now=datetime.now(UTC),
                run_is_live=lambda _: False,
            )
            assert swept.dropped == ((name,) if exists else ())
        assert target.suffixes() == {""}
        if not was_killed:
            break
        statement += 1
    assert exists
    assert half_made >= 2


def test_a_shadow_half_made_by_this_run_is_made_again(target: Target) -> None:
    run = target.run()
    ownership = target.ownership(run)
    with hold_target(target.login, target.database, run):
        name, statement = run.shadow_database(target.database), 1
        while name not in target.databases() and killed_before(
            statement, lambda: create_shadow(target.login, target.database, ownership, locale=target.locale())
        ):
            statement += 1
        assert target.comment(name) is None
        with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
            target.connect(name).close()
        target.restore(run, "first")
        carry_over(target.login, target.database, run)
        target.swap(run)
    assert target.marker() == "first"
