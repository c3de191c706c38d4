"""Maskers inside a column's values: of each path of a document, of each attribute of a composite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from psycopg import sql

from masking.catalogue import Column
from masking.maskers.composite_forms import attribute_of
from masking.maskers.forms import NUMBERS
from masking.maskers.masker import UNLIMITED, Steps, Use
from masking.maskers.parameters import Composite, JsonValue, json_path, steps_of
from masking.planning.classification import proposal
from masking.policy.column_rules import rule_of
from masking.policy.rules import ColumnRule, invalid

#: Maskers for any type that mean something inside a value.
_GENERAL = frozenset({"keep", "null", "constant", "composite"})


def inner_rules(rule: ColumnRule) -> Iterator[tuple[str, ColumnRule]]:
    """The paths of a ``json`` rule, or the attributes of a ``composite`` one, with what happens there.

    Raises:
        PolicyInvalid: a path's or attribute's rule isn't one.
    """
    match rule.parameters:
        case JsonValue(paths=given):
            what = "path"
        case Composite(attributes=given):
            what = "attribute"
        case _:
            return
    for place, one in given.items():
        yield place, _rule(rule, f"{what} {place}", one)


def every_rule(rule: ColumnRule) -> Iterator[ColumnRule]:
    """A rule, and all those inside it."""
    yield rule
    for _, one in inner_rules(rule):
        yield from every_rule(one)


def inner_uses(use: Use, rule: ColumnRule, settled: Callable[[Use, ColumnRule], Use]) -> tuple[Use, ...]:
    """The maskers inside the values that ``use`` is for. ``settled`` gives each its width and distinctness.

    Raises:
        PolicyInvalid: an attribute has no rule, or a rule is for nothing that is there or doesn't fit it.
    """
    if isinstance(rule.parameters, Composite):
        _check_attributes(use, rule, rule.parameters)
    found: list[Use] = []
    for place, one in inner_rules(rule):
        is_attribute = isinstance(rule.parameters, Composite)
        made = settled(_of_attribute(use, place, one) if is_attribute else _at_path(use, place, one), one)
        found.append(replace(made, inner=inner_uses(made, one, settled)))
    return tuple(found)


def _rule(rule: ColumnRule, what: str, given: Any) -> ColumnRule:
    word: Any = given
    parameters: Any = {}
    if given is None:
        word = "null"
    elif isinstance(given, dict) and len(given) == 1:
        ((word, parameters),) = given.items()
    if not isinstance(word, str):
        raise invalid(
            rule.position,
            f"the rule of {what} is neither one word nor one mapping with one key",
            "Such as: $.contact.email: email",
        )
    return rule_of(word, {} if parameters is None else parameters, rule.position)


def _check_attributes(use: Use, rule: ColumnRule, parameters: Composite) -> None:
    attributes = {attribute.name: attribute for attribute in use.column.attributes}
    what = f"attribute {use.where}" if use.where else f"column {use.column.name}"
    if not attributes:
        raise invalid(
            rule.position,
            f"{what} is of type {use.column.type}, which isn't composite",
            "Use a masker that takes its type.",
        )
    for name in parameters.attributes:
        if name not in attributes:
            raise invalid(
                rule.position,
                f"{what} is of type {use.column.type}, which has no attribute {name}",
                "Remove it, or mend its name.",
            )
    missing = [attribute for name, attribute in attributes.items() if name not in parameters.attributes]
    if missing:
        lines = ", ".join(f"{attribute.name}: {proposal(attribute)}" for attribute in missing)
        raise invalid(
            rule.position,
            f"{what} has attributes without a rule: {', '.join(attribute.name for attribute in missing)}",
            f"Review and add: {lines}",
        )


def _of_attribute(use: Use, name: str, rule: ColumnRule) -> Use:
    (column,) = (attribute for attribute in use.column.attributes if attribute.name == name)
    masker = rule.masker
    fits = masker.name in _GENERAL or (
        column.element_type in masker.types and (masker.elementwise or not column.is_array)
    )
    if not fits or rule.parameters.reads():
        raise invalid(
            rule.position,
            f"masker {masker.name} can't be used for attribute {name} of type {column.type}",
            "Use one that takes its type, keep, null or constant.",
        )
    value = attribute_of(use, sql.Identifier("found", "value"), name)
    values = sql.SQL("SELECT {} FROM ({}) AS found (value)").format(
        sql.SQL("pg_catalog.unnest({})").format(value) if column.is_array else value, _values(use)
    )
    return _inner(use, column, rule, where=f"{use.where}.{name}", values=values)


def _at_path(use: Use, path: str, rule: ColumnRule) -> Use:
    """A masker on the texts, or the numbers, at a path of a column's documents."""
    masker = rule.masker
    fits = masker.name in _GENERAL or "text" in masker.types or masker.types == NUMBERS
    if not fits or rule.parameters.reads() or masker.name == "composite":
        raise invalid(
            rule.position,
            f"masker {masker.name} can't be used at path {path}",
            "Use one that takes text, number, keep, null or constant.",
        )
    base_type = "numeric" if masker.types == NUMBERS else "text"
    column = Column(name=use.column.name, type=base_type, base_type=base_type)
    steps = steps_of(path)
    values = sql.SQL(
        "SELECT part.value OPERATOR(pg_catalog.#>>) '{{}}' FROM ({values}) AS found (value), LATERAL"
        " pg_catalog.jsonb_path_query(CAST(found.value AS pg_catalog.jsonb), CAST({path} AS pg_catalog.jsonpath))"
        " AS part (value)"
    ).format(values=_values(use), path=sql.Literal(json_path(steps)))
    return _inner(use, column, rule, where=f"{use.where}{path}", values=values, steps=steps)


def _inner(
    use: Use, column: Column, rule: ColumnRule, *, where: str, values: sql.Composable, steps: Steps = ()
) -> Use:
    return Use(
        masker=rule.masker,
        column=column,
        parameters=rule.parameters,
        domain=rule.domain,
        width=column.max_length or UNLIMITED,
        steps=steps,
        where=where,
        values=values,
    )


def _values(use: Use) -> sql.Composable:
    """A query for the values that ``use`` is for, an array's elements singly."""
    if use.values is not None:
        return use.values
    name = sql.Identifier(use.column.name)
    return sql.SQL("SELECT {}").format(
        sql.SQL("pg_catalog.unnest({})").format(name) if use.column.is_array else name
    )
