"""Loops over a block's bytes and words, compiled by numba where they are first called; without the GIL.

A kernel calls none of another file, and is given what it depends on: numba's cache knows of changes in a kernel's own
file only. Each does one thing, so that a few lines of plain Python can say what it is to give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """``kernel``, kept compiled beside its file or in the user's cache, if either can be written to."""
    try:
        found: Kernel = njit(kernel, nogil=True, cache=True)
    except RuntimeError:  # neither can be: each process compiles it anew
        found = njit(kernel, nogil=True)
    return found
