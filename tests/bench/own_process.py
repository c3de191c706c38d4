"""A measurement in a process of its own, so that the most memory that it had is that measurement's."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def in_a_process(
    work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> tuple[Result, float]:
    """What ``work`` gives back, and the most memory in MiB that a fresh process had to do it."""
    # An executor, unlike a pool, says so where its process dies.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        result = pool.submit(work, *args, **kwargs).result()
        return result, pool.submit(memory_mib).result()


def children_cpu_seconds(pid: int) -> float:
    """Processor time of the children of process ``pid`` that have ended: a server's sessions. 0 but on Linux."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    # cutime and cstime, counted behind the name, which may hold spaces (proc_pid_stat(5)).
    user, system = stat.rpartition(")")[2].split()[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory_mib() -> float:
    """The most that this process has had."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:  # not Linux; macOS counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    # Linux's ru_maxrss outlives exec (getrusage(2)): a child's would be at least what its parent has.
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) / 1024
