"""What a process of its own is measured to have had is its own."""

from __future__ import annotations

from tests.bench.own_process import in_a_process

_BALLAST_MIB = 400


def test_memory_of_the_process_that_began_it_is_not_counted() -> None:
    ballast = b"x" * (_BALLAST_MIB << 20)
    total, memory_mib = in_a_process(sum, (1, 2))
    assert total == 3
    assert 5 < memory_mib < _BALLAST_MIB
    assert len(ballast) == _BALLAST_MIB << 20
