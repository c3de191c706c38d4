"""How long a mask must be so that unique indexes hold, proved before anything is masked.

Letters of a keyed hash carry four bits each. ``rows`` values meet a duplicate with odds of about
``rows² / 2^(bits + 1)``; these are kept below 2⁻³⁰, and the index itself is checked after the pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from contracts.errors import PolicyInvalid
from masking.catalogue import Catalogue, Column, Index, Table, TableName
from masking.maskers.forms import constant_length
from masking.maskers.masker import LETTERS, LETTERS_MAX, UNLIMITED, Condition, Subject, Use
from masking.planning.conditions import conditions_of, written_by_scripts
from masking.planning.domains import check_domains
from masking.planning.nested import every_rule, inner_uses
from masking.policy.rules import ColumnRule, Policy, invalid

_BITS_PER_LETTER = 4
_ODDS_BITS = 30
#: A table that was never analyzed has at most this many bytes of overhead per row fewer (tuple header, item id).
_ROW_MIN_BYTES = 28
_ROWS_MIN = 1000
#: Statistics are taken from a sample: only what exceeds a range by this much is refused because of them.
_SURELY_MORE = 1.1

ColumnId = tuple[TableName, str]


def uses_of(catalogue: Catalogue, policy: Policy) -> dict[ColumnId, Use]:
    """Every masker of the policy on its column, with its width and distinctness settled.

    Raises :class:`PolicyInvalid` naming table, column, constraint and remedy where a mask doesn't fit or can't be
    distinct. Columns that a foreign key joins get the same settings, so that equal values stay equal.
    """
    rules = dict(_masked_columns(catalogue, policy))
    conditions = conditions_of(catalogue, policy)
    needs = {
        place: [_constraint(catalogue, policy, *place, part) for part in rule.parts]
        for place, rule in rules.items()
    }
    inside = {
        place: [one for part in rule.parts for one in every_rule(part)] for place, rule in rules.items()
    }
    check_domains(inside)
    letters: dict[_Group, int] = {}
    for place, rule in rules.items():
        for part, constraint in zip(rule.parts, needs[place], strict=True):
            if constraint is not None:
                found = letters_for(rows_at_most(catalogue, catalogue.tables_by_id[place[0]]))
                letters[_group(part)] = max(found, letters.get(_group(part), 0))
        for part in inside[place]:
            if part.masker.name == "ssn":
                letters.setdefault(_group(part), 0)
    uses: dict[ColumnId, Use] = {}
    widths = _joined_widths(catalogue, policy, rules)
    for place, rule in rules.items():
        table = catalogue.tables_by_id[place[0]]
        column = table.columns_by_name[place[1]]

        def settle(
            use: Use,
            part: ColumnRule,
            constraint: str | None = None,
            *,
            table: Table = table,
            name: str = place[1],
        ) -> Use:
            use = replace(use, distinct=_group(part) in letters)
            what = f"column {table}.{name}{use.where}"
            return _settled(catalogue, table, use, part, constraint, letters.get(_group(part), 0), what)

        settled: list[Use] = []
        for part, constraint in zip(rule.parts, needs[place], strict=True):
            if part.masker.masks:
                use = Use(
                    masker=part.masker,
                    column=column,
                    parameters=part.parameters,
                    domain=part.domain,
                    width=widths[place],
                    origin=f"{table}.{column.name}",
                )
                use = settle(use, part, constraint)
                settled.append(replace(use, inner=inner_uses(use, part, settle)))
        own, *others = settled
        if place in conditions:
            own = replace(
                own, condition=Condition(when=conditions[place], otherwise=others[0] if others else None)
            )
            _check_apart(rule, own, f"column {table}.{column.name}", needs[place])
        uses[place] = own
    return uses


#: Columns whose values mask alike: masker and masking domain.
_Group = tuple[str, str]


def _group(rule: ColumnRule) -> _Group:
    return rule.masker.name, rule.domain


def _check_apart(rule: ColumnRule, use: Use, what: str, constraints: Sequence[str | None]) -> None:
    """Masks of two small ranges are distinct each in its own, but not from each other."""
    small = [part for part in use.parts if part.masker.distinct == "slots"]
    if small and len(use.parts) > 1 and None not in constraints:
        raise invalid(
            rule.position,
            f"{what} is in unique index or constraint {constraints[0]}, and {small[0].masker.name} may give what its "
            "other masker gives",
            "Use pseudonym or null for one of the two.",
        )


def rows_at_most(catalogue: Catalogue, table: Table) -> int:
    """Rows that a table, its partitions together, may have."""
    found = 0
    for leaf in catalogue.leaves(table):
        estimate = leaf.estimated_rows if leaf.estimated_rows > 0 else leaf.size_bytes // _ROW_MIN_BYTES
        found += estimate
    return max(found, _ROWS_MIN)


def rows_counted(catalogue: Catalogue, table: Table) -> int:
    """Rows that a table, its partitions together, was estimated to have; 0 where nobody counted."""
    return sum(max(leaf.estimated_rows, 0) for leaf in catalogue.leaves(table))


def check_slots(catalogue: Catalogue, policy: Policy, uses: Mapping[tuple[TableName, str], Use]) -> None:
    """Raise :class:`PolicyInvalid` where a script assigns a column of a unique index that is then masked with numbers
    of a small range: which value gets which number is settled before scripts run.
    """
    written = written_by_scripts(catalogue, policy)
    for (name, column), use in uses.items():
        is_unique = any(
            index.unique and column in index.columns for index in catalogue.tables_by_id[name].indexes
        )
        if not is_unique or all(part.masker.distinct != "slots" for part in use.parts):
            continue
        for place, columns in written.get(name, ()):
            if column in columns:
                raise invalid(
                    policy.tables[name].columns[column].position,
                    f"{name}.{column} is in a unique index and masked by {use.masker.name}, and {place} assigns it",
                    "Let the script alone mask the column, or the policy; or use pseudonym.",
                )


def letters_for(rows: int) -> int:
    """Letters that ``rows`` values need to be distinct."""
    return math.ceil((2 * math.log2(rows) - 1 + _ODDS_BITS) / _BITS_PER_LETTER)


def _masked_columns(catalogue: Catalogue, policy: Policy) -> Iterator[tuple[ColumnId, ColumnRule]]:
    for name, rule in policy.tables.items():
        if rule.action != "empty":
            for column, column_rule in rule.columns.items():
                if column_rule.masker.masks:
                    yield (name, column), column_rule


def _constraint(
    catalogue: Catalogue, policy: Policy, name: TableName, column: str, rule: ColumnRule
) -> str | None:
    """The unique index, exclusion constraint or key that needs the column's masks to be distinct."""
    table = catalogue.tables_by_id[name]
    for leaf in (table, *catalogue.leaves(table)):
        for index in leaf.indexes:
            if (
                (index.unique or index.exclusion)
                and column in index.columns
                and not _kept_anyway(policy, table, leaf, index)
            ):
                if rule.masker.name == "null" and not index.nulls_not_distinct:
                    continue
                return index.name
    return None


def _kept_anyway(policy: Policy, table: Table, leaf: Table, index: Index) -> bool:
    """Whether other columns of the index, kept and unique by themselves, make it hold whatever the masks are."""
    rules = policy.tables[table.id].columns
    kept = {
        name
        for name in index.key_columns
        if name
        and leaf.columns_by_name[name].not_null
        and (name not in rules or not rules[name].masker.masks)
    }
    return index.unique and any(
        other.unique
        and other.predicate is None
        and None not in other.key_columns
        and set(other.key_columns) <= kept
        for other in leaf.indexes
    )


def _joined_widths(
    catalogue: Catalogue, policy: Policy, rules: dict[ColumnId, ColumnRule]
) -> dict[ColumnId, int]:
    """The narrowest width among the columns that foreign keys join with each."""
    widths = {
        (name, column): catalogue.tables_by_id[name].columns_by_name[column].max_length or UNLIMITED
        for name, column in rules
    }
    joined = [
        (
            (catalogue.root(table).id, column),
            (catalogue.root(catalogue.tables_by_id[key.referenced]).id, other),
        )
        for table in catalogue.tables
        for key in table.foreign_keys
        if key.referenced in catalogue.tables_by_id
        for column, other in zip(key.columns, key.referenced_columns, strict=True)
    ]
    joined += [
        ((one.table, one.column), (one.referenced, one.referenced_column)) for one in policy.references
    ]
    neighbours: dict[ColumnId, list[ColumnId]] = {}
    for one, other in joined:
        if one in widths and other in widths:
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    # From the narrowest column to all that are joined with it, and so on with those that weren't reached.
    reached: set[ColumnId] = set()
    for narrowest in sorted(neighbours, key=lambda column: widths[column]):
        waiting = [narrowest]
        while waiting:
            column = waiting.pop()
            if column not in reached:
                reached.add(column)
                widths[column] = widths[narrowest]
                waiting += neighbours[column]
    return widths


def _settled(
    catalogue: Catalogue,
    table: Table,
    use: Use,
    rule: ColumnRule,
    constraint: str | None,
    letters_of_group: int,
    what: str,
) -> Use:
    """``letters_of_group``: what the largest table needs among those whose values must mask alike."""
    masker, width = use.masker, use.width
    if width < masker.min_width:
        raise _unfit(rule, use.column, what, f"{masker.name} needs at least {masker.min_width} characters")
    constant = constant_length(use)
    if constant > width:
        raise _unfit(rule, use.column, what, f"the constant has {constant} characters")
    if constraint is not None and masker.distinct == "no":
        raise invalid(
            rule.position,
            f"{what} is in unique index or constraint {constraint}, and {masker.name} gives equal results",
            "Use pseudonym, null, sql or a script, keep it with a reason, or empty the table.",
        )
    if constraint is not None and masker.name == "ip" and use.column.element_type == "cidr":
        raise invalid(
            rule.position,
            f"{what} is in unique index or constraint {constraint}, and ip keeps a network's prefix length, of which "
            "few networks are reserved",
            "Use null, sql or a script, keep it with a reason, or empty the table.",
        )
    if constraint is not None and isinstance(use.parameters, Subject) and use.parameters.of is not None:
        raise invalid(
            rule.position,
            f"{what} is in unique index or constraint {constraint}, and is masked by {use.parameters.of}, whose values "
            "may repeat",
            "Leave out of: then it is masked by its own values.",
        )
    if constraint is not None and masker.most is not None:
        _check_range(rule, use, what, constraint, rows=rows_counted(catalogue, table))
    if masker.distinct != "letters":
        return use
    room = min(max(masker.room(width), 0), LETTERS_MAX)
    needed = letters_for(rows_at_most(catalogue, table)) if constraint is not None else 0
    if needed > room:
        raise _unfit(
            rule,
            use.column,
            what,
            f"unique index or constraint {constraint} needs {needed} letters for about "
            f"{rows_at_most(catalogue, table)} rows, and {masker.name} has room for {max(room, 0)}",
        )
    # As many as the largest unique column of the domain needs, where there is room: equal values stay equal then.
    if masker.letters:
        return replace(use, letters=min(max(masker.letters, letters_of_group), room))
    if use.distinct and room >= LETTERS:
        return replace(use, letters=min(max(LETTERS, letters_of_group), room))
    return replace(use, letters=needed)


def _check_range(rule: ColumnRule, use: Use, what: str, constraint: str, *, rows: int) -> None:
    """Whether a small range holds as many masks as statistics say that there are values; the pass counts them."""
    share = use.column.n_distinct
    if share is None or use.masker.most is None:
        return
    values = round(share if share > 0 else -share * rows)
    most = use.masker.most(use.parameters)
    if values > most * _SURELY_MORE:
        raise invalid(
            rule.position,
            f"{what} is in unique index or constraint {constraint} and has about {values} values, and masker "
            f"{use.masker.name} has {most} masks for them",
            use.masker.wider or "Use pseudonym, with a domain of its own.",
        )


def _unfit(rule: ColumnRule, column: Column, what: str, why: str) -> PolicyInvalid:
    return invalid(
        rule.position,
        f"{what} is {column.type}, too narrow: {why}",
        "Widen the column, use null, sql or a script, keep it with a reason, or empty the table.",
    )
