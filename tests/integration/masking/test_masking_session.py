"""Workers keep their connection from table to table, and drop one that an error went through."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from contracts.errors import DatabaseError
from tasks.postgres.masking_session import CONNECTIONS, in_parallel, masking_session
from tests.integration.masking.conftest import Clone


def _pid(clone: Clone) -> int:
    with masking_session(clone.login, clone.database, doing="looking") as connection:
        ((pid,),) = connection.execute("SELECT pg_backend_pid()").fetchall()
        return int(pid)


def test_a_worker_has_one_connection_for_all_its_items_and_closes_it(clone: Clone) -> None:
    pids: set[int] = set()
    in_parallel(range(40), lambda _: pids.add(_pid(clone)))
    assert 1 <= len(pids) <= CONNECTIONS
    left = f"SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (ARRAY[{', '.join(map(str, pids))}])"
    for _ in range(200):
        if clone.value(left) == 0:
            break
        threading.Event().wait(0.02)
    assert clone.value(left) == 0
    assert _pid(clone) not in pids


def test_a_session_inside_another_is_one_of_its_own(clone: Clone) -> None:
    def work(_: int) -> None:
        with masking_session(clone.login, clone.database, doing="looking") as connection:
            ((pid,),) = connection.execute("SELECT pg_backend_pid()").fetchall()
            assert _pid(clone) != pid

    in_parallel(range(6), work)


def test_what_an_error_went_through_is_not_used_again(clone: Clone) -> None:
    pids: list[int] = []

    def work(_: int) -> None:
        pids.append(_pid(clone))
        with (
            pytest.raises(DatabaseError),
            masking_session(clone.login, clone.database, doing="failing") as connection,
        ):
            connection.execute("SELECT 1 / 0")

    in_parallel(range(9), work)
    assert len(set(pids)) == 9


def test_after_an_error_no_further_item_is_made_or_begun() -> None:
    made: list[int] = []
    begun = threading.Barrier(CONNECTIONS)

    def items() -> Iterator[int]:
        for item in range(100):
            made.append(item)
            yield item

    def work(_: int) -> None:
        begun.wait()
        raise KeyError

    with pytest.raises(KeyError):
        in_parallel(items(), work)
    assert made == list(range(CONNECTIONS))


def test_a_transaction_left_open_is_not_the_next_items(clone: Clone) -> None:
    pids: list[int] = []

    def work(_: int) -> None:
        with masking_session(clone.login, clone.database, doing="leaving a transaction open") as connection:
            ((pid,),) = connection.execute("SELECT pg_backend_pid()").fetchall()
            pids.append(int(pid))
            connection.execute("BEGIN")

    in_parallel(range(6), work)
    assert len(set(pids)) == 6
