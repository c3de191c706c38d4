from __future__ import annotations

import pytest

from masking.keys import MaskingKeys
from masking.maskers import ALIASES, MASKERS
from masking.maskers.masker import Masker
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.statements.capture import capture_values
from masking.statements.passes import update
from masking.statements.slots import hashed_others, hashed_values
from tests.unit.masking.shapes import USERS, catalogue


@pytest.mark.parametrize("masker", MASKERS.values(), ids=lambda masker: masker.name)
def test_every_masker_says_what_it_does_and_how_its_results_are_told(masker: Masker) -> None:
    assert masker.doc.endswith(".")
    assert masker.parameters.__doc__
    if masker.masks and masker.coincidence is not None:
        assert masker.holds is not None or masker.changes
    if masker.distinct == "letters":
        assert masker.room(100) > 0


def test_aliases_lead_to_maskers() -> None:
    assert set(ALIASES.values()) <= set(MASKERS)
    assert not set(ALIASES) & set(MASKERS)


def test_no_statement_holds_a_key() -> None:
    keys = MaskingKeys(root=bytes(range(7, 39)))
    plan = make_plan(
        catalogue(USERS),
        parse_policy("tables: {users: {columns: {id: keep, ssn: ssn, email: email, phone: phone}}}"),
    )
    uses = [use for _, use in plan.uses()]
    texts = [update(one, USERS) for stage in plan.stages for found in stage.passes for one in found]
    texts += [captured] if (captured := capture_values(USERS, list(enumerate(uses)))) else []
    slots = [(USERS, use) for use in uses if use.masker.distinct == "slots"]
    texts += [*hashed_values(slots), *hashed_others(slots)]
    together = " ".join(text.as_string(None) for text in texts)
    assert '"refresh_mask"."email"' in together
    for domain in plan.domains:
        assert keys.sub_key(domain).hex() not in together
        assert not any(value in together for value in keys.session_settings(domain).values())
    assert keys.root.hex() not in together
