"""A JSON Schema of ``policy.yaml``, made from the maskers' definitions: what editors check and complete with.

It knows the form only. What needs a second look (names, an SQL predicate's syntax, the catalogue) it lets pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import models_json_schema

from masking.maskers import ALIASES, MASKERS
from masking.maskers.masker import Masker, Parameters
from masking.maskers.parameters import FINDINGS
from masking.policy.column_rules import INSIDE
from masking.policy.table_rules import NO_DEFAULTS, SAFE_ON_ANYTHING

_DEFINITION = "#/$defs/{model}"
#: A key that is a wildcard, as :func:`masking.policy.table_names.is_wildcard` has it.
_WILDCARD = r'^[^"]*\*[^"]*$'


def policy_schema() -> dict[str, Any]:
    """The schema, as JSON's own types."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "policy.yaml of Dev DB Refresh",
        "description": "What happens to every table and column before anything leaves the clone.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "tables": {
                "description": "By schema.name; without a schema, public is meant.",
                "type": ["object", "null"],
                "patternProperties": {_WILDCARD: _ref("wildcard_table")},
                "additionalProperties": _ref("table"),
            },
            "defaults": {
                "description": "By type: the rule for columns of tables that say others: default.",
                "type": ["object", "null"],
                "additionalProperties": _masking_only(),
            },
            "references": {
                "description": "Foreign keys that the database doesn't declare: both ends mask alike.",
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            },
            "literals": {
                "description": "What may be found in the schema's own literals: by object, * for every one.",
                "type": ["object", "null"],
                "additionalProperties": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": {name: {"type": "string", "minLength": 1} for name in FINDINGS},
                },
            },
            "large_objects": {
                "description": "empty, or keep with the reason.",
                "oneOf": [{"const": "empty"}, _object({"keep": {"type": "string"}}, required=["keep"])],
            },
        },
        "$defs": {
            "table": _table(_ref("rule"), where=True),
            "wildcard_table": _table(_ref("wildcard_rule"), where=False),
            "wildcard_rule": _wildcard_rule(),
            "rule": {"anyOf": [_ref("mask"), _ref("condition")]},
            "mask": {"anyOf": [_ref("word"), _one_of(_names())]},
            "word": _word(),
            "condition": _condition(),
            **{f"masker_{name}": _masker(masker) for name, masker in _names().items()},
            **_parameters(),
        },
    }


def schema_text() -> str:
    """The schema's file."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


def _table(rule: dict[str, Any], *, where: bool) -> dict[str, Any]:
    properties = {
        "where": {"description": "Rows for which it isn't true are deleted.", "type": "string"},
        "columns": {
            "type": "object",
            "patternProperties": {_WILDCARD: _ref("wildcard_rule")},
            "additionalProperties": rule,
        },
        "others": {"description": "Columns without a rule get their type's default.", "const": "default"},
    }
    if not where:
        del properties["where"]
    return {
        "anyOf": [
            {"description": "empty: structure only.", "const": "empty"},
            _object(
                {
                    "empty": {
                        "description": "Structure only, and why raw values of the rows aren't searched for elsewhere.",
                        **_object(
                            {"not_searched": {"type": "string", "minLength": 1}}, required=["not_searched"]
                        ),
                    }
                },
                required=["empty"],
            ),
            _object(properties),
        ],
    }


def _wildcard_rule() -> dict[str, Any]:
    """Nothing but maskers that are safe on whatever a wildcard may match."""
    words = [
        *sorted(SAFE_ON_ANYTHING),
        *(alias for alias, name in ALIASES.items() if name in SAFE_ON_ANYTHING),
    ]
    named = _one_of(word for word in words if word != "json")
    json_alone = _object({"json": {"enum": [None, {}]}}, required=["json"])
    return {"anyOf": [{"allOf": [_ref("word"), {"enum": [None, *words]}]}, named, json_alone]}


def _masking_only() -> dict[str, Any]:
    names = [name for name in _names() if name not in NO_DEFAULTS]
    return {"anyOf": [{"allOf": [_ref("word"), {"not": {"const": "keep"}}]}, _one_of(names)]}


def _condition() -> dict[str, Any]:
    masking = [name for name, masker in _names().items() if masker.masks and name != "script"]
    return {
        **_object(
            {
                **{name: _ref(f"masker_{name}") for name in masking},
                "when": {
                    "description": "SQL over the row as the scripts left it: the rows that are masked so.",
                    "type": "string",
                },
                "otherwise": {
                    "description": "What masks the other rows, or why they are kept.",
                    "anyOf": [
                        {"allOf": [_ref("word"), {"not": {"const": "keep"}}]},
                        _object({"keep": {"type": "string", "minLength": 1}}, required=["keep"]),
                        _one_of(masking),
                    ],
                },
            },
            required=["when", "otherwise"],
        ),
        "minProperties": 3,
        "maxProperties": 3,
    }


def _names() -> dict[str, Masker]:
    """Every word for a masker."""
    return {**MASKERS, **{alias: MASKERS[name] for alias, name in ALIASES.items()}}


def _word() -> dict[str, Any]:
    """A masker that needs no parameters, by its name alone."""
    return {
        "anyOf": [
            {"description": "NULL in every row.", "type": "null"},
            *(
                {"description": masker.doc, "const": name}
                for name, masker in _names().items()
                if not _required(masker.parameters)
            ),
        ]
    }


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    properties = {name: _ref(f"masker_{name}") for name in names}
    return {**_object(properties), "minProperties": 1, "maxProperties": 1}


def _masker(masker: Masker) -> dict[str, Any]:
    """Its parameters as a mapping, as the bare value that one of them is, or left out."""
    parameters = masker.parameters
    forms = [_ref(parameters.__name__)]
    if not _required(parameters):
        forms.append({"type": "null"})
    if parameters.shorthand is not None:
        properties = _with_rules_inside(parameters.model_json_schema(ref_template=_DEFINITION))["properties"]
        # Nothing behind the colon is no value, and an empty mapping is no parameters.
        forms.append({"allOf": [properties[parameters.shorthand], {"not": {"enum": [None, {}]}}]})
    return {"description": masker.doc, "anyOf": forms}


def _required(parameters: type[Parameters]) -> bool:
    """Whether a masker's name alone says too little."""
    try:
        parameters()
    except ValidationError:
        return True
    return False


def _parameters() -> dict[str, Any]:
    models = sorted({masker.parameters for masker in MASKERS.values()}, key=lambda model: model.__name__)
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template=_DEFINITION)
    definitions: dict[str, Any] = schema["$defs"]
    return {name: _with_rules_inside(definition) for name, definition in definitions.items()}


def _with_rules_inside(definition: dict[str, Any]) -> dict[str, Any]:
    """A masker's parameters, with rules for what lies at paths and in attributes."""
    for name in INSIDE.values():
        if name in definition.get("properties", {}):
            definition["properties"][name]["additionalProperties"] = _ref("mask")
    return definition


def _object(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    found = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**found, "required": required} if required else found


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _DEFINITION.format(model=name)}
