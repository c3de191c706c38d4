"""Python's collector of cycles, kept from walking through large catalogues and plans.

They are millions of small values without a cycle. The collector walks through all of them each time that a quarter has
been added, which takes as long as making them, and again for whatever is made beside them later.
https://docs.python.org/3/library/gc.html
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_off() -> Iterator[None]:
    """What is made inside isn't looked through, then or later; it still goes when nothing refers to it any more."""
    was_enabled = gc.isenabled()
    gc.collect()  # so that no cycle from before is kept
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
