"""Which sizes Fargate runs.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

from __future__ import annotations

GIB = 1024

_MEMORY_OF_CPU = {
    256: (512, GIB, 2 * GIB),
    512: tuple(range(GIB, 4 * GIB + 1, GIB)),
    1024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}


def is_fargate_size(cpu: str | None, memory: str | None) -> bool:
    """``cpu`` in units (1024 are a vCPU), ``memory`` in MiB. Written in words (``1 vCPU``) they aren't looked at."""
    if not cpu or not memory:
        return False
    if not (cpu.isdigit() and memory.isdigit()):
        return True
    return int(memory) in _MEMORY_OF_CPU.get(int(cpu), ())
