"""What editors are told of a policy is what the policy's own reader takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from contracts.errors import PolicyInvalid
from masking.maskers import ALIASES, MASKERS
from masking.policy.reading import parse_policy
from masking.policy.schema import policy_schema

ROOT = Path(__file__).parents[3]
POLICIES = [
    *(ROOT / "sql" / "databases").glob("*/policy.yaml"),
    *(ROOT / "tests" / "samples").glob("*/policy.yaml"),
    ROOT / "tests" / "integration" / "masking" / "shop.yaml",
]
VALIDATOR = Draft202012Validator(policy_schema())


def loaded(text: str) -> Any:
    """As an editor sees it: JSON's types, and text for every key."""

    def as_json(value: Any) -> Any:
        if isinstance(value, dict):
            return {"null" if key is None else str(key): as_json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [as_json(item) for item in value]
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)

    return as_json(YAML(typ="safe", pure=True).load(text))


def of_column(rule: str) -> str:
    return f"tables: {{t: {{columns: {{c: {rule}}}}}}}"


def refused(text: str) -> bool:
    try:
        parse_policy(text)
    except PolicyInvalid:
        return True
    return False


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(policy_schema())


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.parent.name)
def test_every_policy_of_ours_fits_it(policy: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(loaded(policy.read_text()))] == []


@pytest.mark.parametrize("word", [*MASKERS, *ALIASES])
def test_a_masker_is_taken_by_its_name_or_with_a_domain_where_the_reader_takes_it(word: str) -> None:
    for rule in (word, f"{{{word}: }}", f"{{{word}: {{}}}}", f"{{{word}: {{domain: x}}}}"):
        assert VALIDATOR.is_valid(loaded(of_column(rule))) == (not refused(of_column(rule))), rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tables:",
        "tables: {t: empty}",
        "tables: {t: full}",
        "tables: {t: }",
        "tables: {t: {where: id > 3}}",
        "tables: {t: {where: 3}}",
        "tables: {t: {colums: {}}}",
        "tabels: {}",
        "references: [{a.x: b.y}, {a.x: c.z}]",
        "references: [{a.x: b.y, b.y: a.x}]",
        "references: {a.x: b.y}",
        "references: [{a.x: 3}]",
        "references: [a.x]",
        "references:",
        "{defaults: {text: free_text}, tables: {t: {others: default}}}",
        "{defaults: {text: free_text}, tables: {t: {others: keep}}}",
        "defaults: {text: keep}",
        "defaults: {text: {sql: lower(c)}}",
        "defaults: {int4: {constant: 0}, uuid: }",
        "defaults: {text: {email: {}, when: a, otherwise: phone}}",
        "tables: {'log_*': empty}",
        "tables: {'log_*': {where: 'true'}}",
        "tables: {'log_*': {columns: {c: address, '*': }}}",
        "tables: {'log_*': {columns: {c: keep}}}",
        "tables: {'log_*': {columns: {c: json}}}",
        "tables: {'log_*': {columns: {c: {json: {}}}}}",
        "tables: {'log_*': {columns: {c: {json: {value: [1]}}}}}",
        "tables: {'log_*': {columns: {c: {email: {domain: x}}}}}",
        "tables: {'log_*': {columns: {c: {sql: '1'}}}}",
        "tables: {t: {columns: {'*_id': phone}}}",
        "tables: {t: {columns: {'*_id': {constant: 7}}}}",
        "tables: {t: {columns: {'*_id': {email: {}, when: a, otherwise: phone}}}}",
        "tables: {'\"a*b\"': {columns: {c: keep}}}",
        "large_objects: empty",
        "large_objects: keep",
        "large_objects: {keep: why}",
        of_column("~"),
        of_column("emial"),
        of_column("{email: {}, phone: {}}"),
        of_column("{email: {domain: 'A;B'}}"),
        of_column("{constant: 2024-01-01}"),
        of_column("{constant: {value: [1]}}"),
        of_column("{sql: lower(c)}"),
        of_column("{sql: 3}"),
        of_column("{null: {}, when: a, otherwise: email}"),
        of_column("{email: {}, when: a, otherwise: {keep: why}}"),
        of_column("{email: {}, when: a, otherwise: {keep: ''}}"),
        of_column("{email: {}, when: a, otherwise: keep}"),
        of_column("{email: {}, when: a}"),
        of_column("{email: {}, otherwise: phone}"),
        of_column("{when: a, otherwise: phone}"),
        of_column("{email: {}, phone: {}, when: a, otherwise: phone}"),
        of_column("{keep: why, when: a, otherwise: email}"),
        of_column("{email: {}, when: a, otherwise: {script: {domain: x}}}"),
        of_column("{email: {}, when: a, otherwise: {email: {}, phone: {}}}"),
    ],
)
def test_it_takes_what_the_reader_takes(text: str) -> None:
    assert VALIDATOR.is_valid(loaded(text) or {}) == (not refused(text))
