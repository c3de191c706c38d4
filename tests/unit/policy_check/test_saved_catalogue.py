"""A saved catalogue is the catalogue without statistics of rows, and nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ConfigurationError
from masking.catalogue import Catalogue, Check, Extension, Trigger
from masking.saved_catalogue import catalogue_from_json, catalogue_to_json
from tests.unit.masking.shapes import USERS, catalogue, column, foreign_key, table, unique

EVERYTHING = catalogue(
    USERS,
    table(
        "orders",
        column("id", "int8", null_fraction=0.25, n_distinct=-1.0),
        column("price", "numeric", numeric_precision=(5, 2), comment="ü", domain="public.money"),
        indexes=(unique("k", "id", predicate="(id > 1)", expression="lower(x)"),),
        foreign_keys=(foreign_key("fk", "id", "users", "id"),),
        checks=(Check(name="c", columns=("id",), expression="(id > 0)"),),
        triggers=(Trigger(name="t", enabled="A", function="public.f"),),
        rules=(("r", "D"),),
        inherits=(USERS.id,),
    ),
    extensions=(Extension(name="citext", version="1.6", schema="public"),),
    unvouched_functions=frozenset({("public", "g"), ("public", "f")}),
    server_version_num=170010,
)


def without_statistics(found: Catalogue) -> Catalogue:
    return replace(
        found,
        tables=tuple(
            replace(
                one, columns=tuple(replace(own, null_fraction=None, n_distinct=None) for own in one.columns)
            )
            for one in found.tables
        ),
    )


def test_what_was_saved_is_read_without_statistics() -> None:
    text = catalogue_to_json(EVERYTHING)
    assert catalogue_from_json(text, "x.json") == without_statistics(EVERYTHING)
    assert "0.25" not in text
    assert text == catalogue_to_json(EVERYTHING), "the same catalogue gives the same text"


def _with_version(document: dict[str, Any]) -> None:
    document["version"] = 2


def _with_another_format(document: dict[str, Any]) -> None:
    document["format"] = "other"


def _with_statistics(document: dict[str, Any]) -> None:
    document["catalogue"]["tables"][0]["columns"][0]["null_fraction"] = 0.25


def _with_values(document: dict[str, Any]) -> None:
    document["catalogue"]["tables"][0]["columns"][0]["most_common_vals"] = ["raw value"]


def _with_a_table_twice(document: dict[str, Any]) -> None:
    document["catalogue"]["tables"] *= 2


def _with_another_kind(document: dict[str, Any]) -> None:
    document["catalogue"]["tables"][0]["kind"] = "raw value"


@pytest.mark.parametrize(
    "change",
    [
        _with_version,
        _with_another_format,
        _with_statistics,
        _with_values,
        _with_a_table_twice,
        _with_another_kind,
    ],
)
def test_another_file_is_refused_and_not_quoted(change: Any) -> None:
    document = json.loads(catalogue_to_json(EVERYTHING))
    change(document)
    with pytest.raises(ConfigurationError) as caught:
        catalogue_from_json(json.dumps(document), "x.json")
    assert caught.value.resource == "x.json"
    assert "raw value" not in str(caught.value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="isn't a saved catalogue"):
        catalogue_from_json("{", "x.json")
