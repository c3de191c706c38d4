"""JSON by path as SQL: one nested expression per column, so that a document is walked once, in its table's pass.

Every function here takes a ``jsonb`` and gives SQL: :func:`masked` what it becomes, NULL for what is dropped, and
:func:`holds` whether it can be such a result. What lies at or above a listed path without being what the path
says (a text where an object is expected, say) is dropped, whatever the default.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from masking.maskers.masker import Use, literal
from masking.maskers.parameters import Constant, JsonValue, UnlistedConstant, UnlistedKeep

_Default = Any  # "drop", UnlistedConstant or UnlistedKeep


@dataclass
class _Node:
    """A place in a document: a masker stands there, or further places do."""

    use: Use | None = None
    members: dict[str, _Node] = field(default_factory=dict)
    elements: _Node | None = None


def masked_by_path(use: Use, value: sql.Composable) -> sql.Composable:
    """A ``json`` or ``jsonb`` value with its paths masked. A document that has no place in any path becomes null."""
    document = sql.SQL("CAST({} AS pg_catalog.jsonb)").format(value)
    return sql.SQL(
        "CAST(CASE WHEN {value} IS NOT NULL THEN COALESCE({masked}, pg_catalog.jsonb 'null') END AS {type})"
    ).format(
        value=value,
        masked=_masked(_tree(use.inner), document, _default(use), 0),
        type=use.element_type,
    )


def holds_by_path(use: Use, value: sql.Composable) -> sql.Composable:
    """Whether every listed path holds its masker's results, and nothing else is left but what the default keeps."""
    document = sql.SQL("CAST({} AS pg_catalog.jsonb)").format(value)
    return sql.SQL("{value} IS NULL OR {holds}").format(
        value=value, holds=_holds(_tree(use.inner), document, _default(use), 0)
    )


def _default(use: Use) -> _Default:
    if not isinstance(use.parameters, JsonValue):
        raise TypeError(use.parameters)
    return use.parameters.default


def _tree(uses: Iterable[Use]) -> _Node:
    root = _Node()
    for use in uses:
        node = root
        for step in use.steps:
            if step is None:
                node.elements = node.elements or _Node()
                node = node.elements
            else:
                node = node.members.setdefault(step, _Node())
        node.use = use
    return root


def _masked(node: _Node, value: sql.Composable, default: _Default, depth: int) -> sql.Composable:
    if node.use is not None:
        return _masked_leaf(node.use, value)
    ways = []
    part = sql.Identifier(f"part{depth}", "value")
    if node.members:
        key = sql.Identifier(f"part{depth}", "key")
        ways.append(
            # OFFSET 0 keeps PostgreSQL from masking twice, once to see whether the member is dropped.
            sql.SQL(
                "WHEN 'object' THEN (SELECT COALESCE(pg_catalog.jsonb_object_agg(kept.key, kept.value), '{{}}')"
                " FROM (SELECT {key}, CASE {key} {cases} ELSE {default} END FROM pg_catalog.jsonb_each({value})"
                " AS {part} (key, value) OFFSET 0) AS kept (key, value) WHERE kept.value IS NOT NULL)"
            ).format(
                key=key,
                cases=sql.SQL(" ").join(
                    sql.SQL("WHEN {} THEN {}").format(literal(name), _masked(child, part, default, depth + 1))
                    for name, child in node.members.items()
                ),
                default=_unlisted(default, part),
                value=value,
                part=sql.Identifier(f"part{depth}"),
            )
        )
    if node.elements is not None:
        ways.append(
            sql.SQL(
                "WHEN 'array' THEN (SELECT COALESCE(pg_catalog.jsonb_agg(kept.value ORDER BY kept.place), '[]')"
                " FROM (SELECT {part}.place, {masked} FROM pg_catalog.jsonb_array_elements({value})"
                " WITH ORDINALITY AS {part} (value, place) OFFSET 0) AS kept (place, value)"
                " WHERE kept.value IS NOT NULL)"
            ).format(
                masked=_masked(node.elements, part, default, depth + 1),
                value=value,
                part=sql.Identifier(f"part{depth}"),
            )
        )
    return sql.SQL("CASE pg_catalog.jsonb_typeof({value}) {ways} WHEN 'null' THEN {value} END").format(
        value=value, ways=sql.SQL(" ").join(ways)
    )


def _unlisted(default: _Default, value: sql.Composable) -> sql.Composable:
    match default:
        case UnlistedKeep():
            return value
        case UnlistedConstant(constant=constant):
            return _json(constant)
        case _:
            return sql.SQL("NULL")


def _masked_leaf(use: Use, value: sql.Composable) -> sql.Composable:
    text = _text(value)
    match use.masker.name:
        case "keep":
            return value
        case "null":
            return sql.SQL("pg_catalog.jsonb 'null'")
        case "constant":
            return sql.SQL(
                "CASE WHEN {value} IN (pg_catalog.jsonb 'null', pg_catalog.jsonb '\"\"') THEN {value}"
                " ELSE {given} END"
            ).format(value=value, given=_given(use))
    if use.column.base_type == "numeric":
        return sql.SQL(
            "CASE pg_catalog.jsonb_typeof({value}) WHEN 'number' THEN pg_catalog.to_jsonb({masked})"
            " WHEN 'null' THEN {value} END"
        ).format(
            value=value,
            masked=use.masker.mask(use, sql.SQL("CAST({} AS pg_catalog.numeric)").format(text)),
        )
    masked = sql.SQL("pg_catalog.to_jsonb({})").format(use.masker.mask(use, text))
    numbers: sql.Composable = sql.SQL("")
    if "numeric" in use.masker.types:
        numbers = sql.SQL("WHEN 'number' THEN pg_catalog.to_jsonb(CAST({} AS pg_catalog.numeric))").format(
            use.masker.mask(use, text)
        )
    return sql.SQL(
        "CASE pg_catalog.jsonb_typeof({value}) WHEN 'string' THEN {masked} {numbers} WHEN 'null' THEN {value}"
        " WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE {masked} END"
    ).format(value=value, masked=masked, numbers=numbers)


def _holds(node: _Node, value: sql.Composable, default: _Default, depth: int) -> sql.Composable:
    if node.use is not None:
        return _leaf_holds(node.use, value)
    ways = []
    part = sql.Identifier(f"part{depth}", "value")
    if node.members:
        ways.append(
            sql.SQL(
                "WHEN 'object' THEN NOT EXISTS (SELECT FROM pg_catalog.jsonb_each({value}) AS {part} (key, value)"
                " WHERE (CASE {part}.key {cases} ELSE {default} END) IS NOT TRUE)"
            ).format(
                cases=sql.SQL(" ").join(
                    sql.SQL("WHEN {} THEN {}").format(literal(name), _holds(child, part, default, depth + 1))
                    for name, child in node.members.items()
                ),
                default=_unlisted_holds(default, part),
                value=value,
                part=sql.Identifier(f"part{depth}"),
            )
        )
    if node.elements is not None:
        ways.append(
            sql.SQL(
                "WHEN 'array' THEN NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements({value})"
                " AS {part} (value) WHERE ({holds}) IS NOT TRUE)"
            ).format(
                holds=_holds(node.elements, part, default, depth + 1),
                value=value,
                part=sql.Identifier(f"part{depth}"),
            )
        )
    return sql.SQL(
        "CASE pg_catalog.jsonb_typeof({value}) {ways} WHEN 'null' THEN true ELSE false END"
    ).format(value=value, ways=sql.SQL(" ").join(ways))


def _unlisted_holds(default: _Default, value: sql.Composable) -> sql.Composable:
    match default:
        case UnlistedKeep():
            return sql.SQL("true")
        case UnlistedConstant(constant=constant):
            return sql.SQL("{} = {}").format(value, _json(constant))
        case _:
            return sql.SQL("false")


def _leaf_holds(use: Use, value: sql.Composable) -> sql.Composable:
    match use.masker.name:
        case "keep":
            return sql.SQL("true")
        case "null":
            return sql.SQL("{} = pg_catalog.jsonb 'null'").format(value)
        case "constant":
            return sql.SQL("{value} IN (pg_catalog.jsonb 'null', pg_catalog.jsonb '\"\"', {given})").format(
                value=value, given=_given(use)
            )
    if use.masker.holds is None:
        return sql.SQL("pg_catalog.jsonb_typeof({}) NOT IN ('object', 'array')").format(value)
    if use.column.base_type == "numeric":
        return sql.SQL(
            "CASE pg_catalog.jsonb_typeof({value}) WHEN 'number' THEN {holds} WHEN 'null' THEN true END"
        ).format(
            value=value,
            holds=use.masker.holds(use, sql.SQL("CAST({} AS pg_catalog.numeric)").format(_text(value))),
        )
    return sql.SQL(
        "CASE WHEN pg_catalog.jsonb_typeof({value}) NOT IN ('object', 'array') THEN {holds} END"
    ).format(value=value, holds=use.masker.holds(use, _text(value)))


def _given(use: Use) -> sql.Composable:
    if not isinstance(use.parameters, Constant):
        raise TypeError(use.parameters)
    return _json(use.parameters.value)


def _json(value: Any) -> sql.Composable:
    return sql.SQL("CAST({} AS pg_catalog.jsonb)").format(literal(json.dumps(value)))


def _text(value: sql.Composable) -> sql.Composable:
    """The text of a string without its quotes; NULL of JSON's null."""
    return sql.SQL("({} OPERATOR(pg_catalog.#>>) '{{}}')").format(value)
