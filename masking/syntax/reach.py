"""What a script's statement may read and write, told from its syntax: rather too much than too little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from postgast import walk

from masking.syntax.expressions import Call, calls_of

_CHANGES_ROWS = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table or view that a statement names, and the word by which it names its columns."""

    schema: str | None
    name: str
    alias: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A column or, as ``*``, all of a row. ``qualifier``: the word before it."""

    qualifier: str | None
    name: str


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A statement's relations, its target too where it can be read, and the columns that it mentions and writes."""

    relations: frozenset[Relation] = frozenset()
    references: frozenset[Reference] = frozenset()
    #: Names of its WITH queries.
    queries: frozenset[str] = frozenset()
    #: Words for rows that it makes itself: sub-selects and functions in FROM.
    derived: frozenset[str] = frozenset()
    #: Whether it gives a relation's or a join's columns other names.
    renames: bool = False
    #: Whether it joins by columns' names alone, which it then needn't mention: NATURAL, USING.
    joins_by_name: bool = False
    #: Columns of its target that it writes; ``*`` for all of them.
    written: frozenset[str] = frozenset()
    #: Whether a statement inside it changes rows too.
    nested: bool = False
    calls: frozenset[Call] = frozenset()


def reach_of(statement: Any) -> Reach:
    """Of an INSERT, UPDATE, DELETE or MERGE."""
    relations: set[Relation] = set()
    references: set[Reference] = set()
    queries: set[str] = set()
    derived: set[str] = {
        "excluded"
    }  # the rows that an INSERT brings; what they are made of is read elsewhere
    renames = nested = joins_by_name = False
    # The table of a plain INSERT can't be read by its name.
    is_insert = type(statement).__name__ == "InsertStmt" and not statement.HasField("on_conflict_clause")
    unread = statement.relation if is_insert else None
    for _, node in walk(statement):
        match type(node).__name__:
            case "RangeVar" if node is unread:
                continue
            case "RangeVar":
                name = node.alias.aliasname or node.relname
                relations.add(Relation(schema=node.schemaname or None, name=node.relname, alias=name))
                renames |= bool(node.alias.colnames)
            case "JoinExpr":
                renames |= bool(node.alias.aliasname or node.join_using_alias.aliasname)
                joins_by_name |= bool(node.is_natural or node.using_clause)
            case "CommonTableExpr":
                queries.add(node.ctename)
            case "RangeSubselect" | "RangeFunction" | "RangeTableFunc" | "JsonTable":
                derived.add(node.alias.aliasname)
            case "ColumnRef":
                names = [part.string.sval if part.HasField("string") else "*" for part in node.fields]
                references.add(Reference(qualifier=names[-2] if len(names) > 1 else None, name=names[-1]))
            case kind if kind in _CHANGES_ROWS and node is not statement:
                nested = True
            case _:
                pass
    return Reach(
        relations=frozenset(relations),
        references=frozenset(references),
        queries=frozenset(queries),
        derived=frozenset(derived),
        renames=renames,
        joins_by_name=joins_by_name,
        written=frozenset(_written(statement)),
        nested=nested,
        calls=calls_of(statement),
    )


def _written(statement: Any) -> set[str]:
    match type(statement).__name__:
        case "UpdateStmt":
            return _names(statement.target_list)
        case "InsertStmt":
            return (_names(statement.cols) or {"*"}) | _names(statement.on_conflict_clause.target_list)
        case "MergeStmt":
            found: set[str] = set()
            for clause in statement.merge_when_clauses:
                when = clause.merge_when_clause
                found |= _names(when.target_list) or ({"*"} if when.values else set())
            return found
        case _:
            return set()


def _names(targets: Any) -> set[str]:
    return {target.res_target.name for target in targets}
