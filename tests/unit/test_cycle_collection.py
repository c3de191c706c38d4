from __future__ import annotations

import gc

from tasks.cycle_collection import held_off


def test_what_was_made_meanwhile_is_not_looked_through_afterwards() -> None:
    try:
        with held_off():
            assert not gc.isenabled()
            made: list[object] = [object()]
        assert gc.isenabled()
        assert not any(found is made for found in gc.get_objects())
    finally:
        gc.unfreeze()
