"""Rules by path are checked before anything is masked."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.maskers.parameters import json_path, steps_of
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table


def test_a_path_is_read_and_written_alike() -> None:
    steps = steps_of('$.contact."the \\"name\\""[*].e-mail')
    assert steps == ("contact", 'the "name"', None, "e-mail")
    assert steps_of(json_path(steps)) == steps


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        ("$.a: email, $.a.b: email", "inside another"),
        ("a: email", "begin with"),
        ('"$.a[0]": email', "isn't made of"),
        ("$: email", "whole document"),
        ("$.a: {sql: 'a'}", "can't be used"),
        ("$.a: no_such", "no masker"),
        ("$.a: [email]", "one word or one mapping"),
    ],
)
def test_a_path_that_says_nothing_sound_is_refused(paths: str, says: str) -> None:
    documents = table("t", column("d", "jsonb"))
    with pytest.raises(PolicyInvalid, match=says):
        make_plan(
            catalogue(documents),
            parse_policy(f"tables: {{t: {{columns: {{d: {{json: {{paths: {{{paths}}}}}}}}}}}}}"),
        )
