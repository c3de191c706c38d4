"""The policy: what the user wrote about a database, checked by itself; :mod:`masking.plan` holds it against the
catalogue.

A directory per database: ``policy.yaml``, ``masking/*.sql`` and ``post_restore/*.sql``. In ``policy.yaml`` a table
is ``empty``, or has ``columns`` and perhaps a ``where``; a column is one word or one single-key mapping.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Literal

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.masker import Keyed, Masker, Parameters
from masking.maskers import ALIASES, MASKERS
from masking.parameters import Script
from masking.position import Position
from masking.scripts import ScriptStatement, parse_script

TableAction = Literal["full", "where", "empty"]
POLICY_FILE = "policy.yaml"
_DEFAULT_SCHEMA = "public"


@dataclass(frozen=True, kw_only=True)
class ColumnRule:
    """What happens to one column."""

    masker: Masker
    parameters: Parameters
    position: Position

    @property
    def domain(self) -> str:
        """Values mask alike within it; '' for maskers without a key."""
        if isinstance(self.parameters, Script):
            return self.parameters.domain
        if not self.masker.keyed:
            return ""
        given = self.parameters.domain if isinstance(self.parameters, Keyed) else None
        return given or self.masker.name


@dataclass(frozen=True, kw_only=True)
class TableRule:
    """What happens to one table, its partitions included."""

    action: TableAction
    position: Position
    #: Rows for which this SQL predicate isn't true are deleted before anything is masked.
    where: str | None = None
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A whole policy with its scripts."""

    tables: Mapping[TableName, TableRule]
    #: None where the policy doesn't say.
    large_objects: Literal["empty", "keep"] | None = None
    statements: tuple[ScriptStatement, ...] = ()
    #: SHA-256 of its files, as hex.
    digest: str = ""


def parse_policy(text: str, scripts: Mapping[str, str] | None = None, *, name: str = POLICY_FILE) -> Policy:
    """A policy from the text of ``policy.yaml`` (called ``name`` in errors) and its scripts, run in name order.

    Raises :class:`PolicyInvalid` with file, line and column.
    """
    scripts = scripts or {}
    document = _Document.load(text, name)
    tables: dict[TableName, TableRule] = {}
    for key, value, position in document.items(document.section("tables")):
        table = _table_name(key, position)
        if table in tables:
            raise invalid(position, f"table {table} is listed twice", "Keep one of the two.")
        tables[table] = _table_rule(document, value, position, table)
    statements = tuple(
        statement for file in sorted(scripts) for statement in parse_script(scripts[file], f"masking/{file}")
    )
    digest = hashlib.sha256()
    for part in (text, *(f"{file}\0{scripts[file]}" for file in sorted(scripts))):
        digest.update(hashlib.sha256(part.encode()).digest())
    return Policy(
        tables=tables,
        large_objects=_large_objects(document),
        statements=statements,
        digest=digest.hexdigest(),
    )


def invalid(position: Position, what: str, remedy: str) -> PolicyInvalid:
    """An error that points at a place in the policy."""
    return PolicyInvalid(what, resource=str(position), remedy=remedy)


@dataclass(frozen=True)
class _Document:
    """A loaded YAML document that knows where each key stood."""

    root: CommentedMap
    name: str

    @classmethod
    def load(cls, text: str, name: str) -> _Document:
        loader = YAML(typ="rt")
        try:
            root = loader.load(StringIO(text))
        except MarkedYAMLError as error:
            mark = error.problem_mark
            position = Position(
                file=name, line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1
            )
            raise invalid(position, f"it isn't YAML: {error.problem}", "Mend the YAML.") from None
        except YAMLError:
            raise invalid(Position(file=name, line=1, column=1), "it isn't YAML", "Mend the YAML.") from None
        if root is None:
            root = CommentedMap()
        if not isinstance(root, CommentedMap):
            raise invalid(
                Position(file=name, line=1, column=1), "it isn't a mapping", "Begin it with: tables:"
            )
        document = cls(root, name)
        for key, _, position in document.items(root):
            if key not in ("tables", "large_objects"):
                raise invalid(position, f"there is no setting {key!r}", "Use tables and large_objects.")
        return document

    def position(self, mapping: CommentedMap, key: object) -> Position:
        line, column = mapping.lc.key(key)
        return Position(file=self.name, line=line + 1, column=column + 1)

    def items(self, mapping: CommentedMap) -> Iterator[tuple[str, Any, Position]]:
        for key, value in mapping.items():
            position = self.position(mapping, key)
            if not isinstance(key, str):
                raise invalid(position, f"the name {key!r} isn't text", f"Write it in quotes: '{key}'.")
            yield str(key), value, position

    def section(self, key: str) -> CommentedMap:
        value = self.root.get(key)
        if value is None:
            return CommentedMap()
        if not isinstance(value, CommentedMap):
            raise invalid(
                self.position(self.root, key), f"{key} isn't a mapping", f"Indent what belongs to {key}."
            )
        return value


def _large_objects(document: _Document) -> Literal["empty", "keep"] | None:
    if "large_objects" not in document.root:
        return None
    value, position = document.root["large_objects"], document.position(document.root, "large_objects")
    if value == "empty":
        return "empty"
    if isinstance(value, CommentedMap) and list(value) == ["keep"] and isinstance(value["keep"], str):
        return "keep"
    raise invalid(position, "large_objects is neither of its two", 'Write empty, or {keep: "the reason"}.')


def _table_name(key: str, position: Position) -> TableName:
    """``schema.name`` as PostgreSQL stores them; SQL's double quotes around a part that has a dot or a quote."""
    parts, rest = [], key
    while rest:
        if rest.startswith('"'):
            part, closed, rest = _quoted(rest[1:])
            if not closed or (rest and not rest.startswith(".")):
                raise invalid(
                    position, f"{key!r} isn't a table's name", 'Write schema.name or "schema"."name".'
                )
        else:
            part, _, after = rest.partition(".")
            rest = rest[len(part) :] if after or "." in rest else ""
        parts.append(part)
        rest = rest.removeprefix(".")
    if not 1 <= len(parts) <= 2 or not all(parts):
        raise invalid(position, f"{key!r} isn't a table's name", 'Write schema.name or "schema"."name".')
    return TableName(schema=parts[0] if len(parts) == 2 else _DEFAULT_SCHEMA, name=parts[-1])


def _quoted(text: str) -> tuple[str, bool, str]:
    """Content of a quoted identifier whose opening quote is gone, whether it was closed, and what follows."""
    content, place = "", 0
    while place < len(text):
        if text[place] != '"':
            content += text[place]
        elif text[place + 1 : place + 2] == '"':
            content += '"'
            place += 1
        else:
            return content, True, text[place + 1 :]
        place += 1
    return content, False, ""


def _table_rule(document: _Document, value: Any, position: Position, table: TableName) -> TableRule:
    if value == "empty":
        return TableRule(action="empty", position=position)
    if not isinstance(value, CommentedMap):
        raise invalid(position, f"table {table} has no rule", "Write empty, or columns with a rule for each.")
    where: str | None = None
    columns: dict[str, ColumnRule] = {}
    for key, content, place in document.items(value):
        if key == "where":
            if not isinstance(content, str):
                raise invalid(place, "where isn't an SQL predicate", "Write it as text.")
            where = str(content)
        elif key == "columns":
            if not isinstance(content, CommentedMap):
                raise invalid(place, f"the columns of {table} aren't a mapping", "Write one column per line.")
            columns = {
                name: _column_rule(document, rule, where_) for name, rule, where_ in document.items(content)
            }
        else:
            raise invalid(
                place, f"a table has no setting {key!r}", "Use where and columns, or the word empty."
            )
    return TableRule(action="where" if where else "full", where=where, columns=columns, position=position)


def _column_rule(document: _Document, value: Any, position: Position) -> ColumnRule:
    parameters: Any = {}
    if value is None:
        word = "null"
    elif isinstance(value, str):
        word = str(value)
    elif isinstance(value, CommentedMap) and len(value) == 1:
        key, content = next(iter(value.items()))
        word = "null" if key is None else str(key)
        parameters = {} if content is None else _plain(content)
    else:
        raise invalid(
            position, "a column's rule is one word or one mapping with one key", "Such as: email: email"
        )
    masker = MASKERS.get(ALIASES.get(word, word))
    if masker is None:
        raise invalid(position, f"there is no masker {word!r}", f"Use one of: {', '.join(sorted(MASKERS))}.")
    shorthand = masker.parameters.shorthand
    if shorthand is not None and not _is_parameters(masker, parameters):
        parameters = {shorthand: parameters}
    elif not isinstance(parameters, dict):
        raise invalid(position, f"masker {word} takes no bare value", "Give its parameters as a mapping.")
    try:
        checked = masker.parameters.model_validate(parameters)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'value'}: {problem['msg']}" for problem in error.errors()
        )
        raise invalid(
            position, f"masker {word} was given wrong parameters: {problems}", "Mend them."
        ) from None
    return ColumnRule(masker=masker, parameters=checked, position=position)


def _is_parameters(masker: Masker, given: Any) -> bool:
    return isinstance(given, dict) and set(given) <= set(masker.parameters.model_fields)


def _plain(value: Any) -> Any:
    """Python's own types for what the YAML loader made, dates as ISO 8601."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return plain(value)
    return value
