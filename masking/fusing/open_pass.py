"""A pass that still takes statements: each column's value as one expression over what the row held before all of them.

A later statement sees what earlier ones assigned, converted and held to the column's length as an assignment would.
What it makes of that is put together in one expression, unless that wouldn't be exact: a volatile function must not
be called again, a collation must not get lost, and an expression must not grow without end. A value that nobody sees
any more is still made where making it might fail, because its statement would have failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from postgast import PgQueryError
from psycopg import sql

from masking.catalogue import Column, Table
from masking.maskers.masker import as_written
from masking.syntax.assignment import assigned
from masking.syntax.composing import Reading, read
from masking.syntax.expressions import Call
from masking.syntax.volatility import is_ordered, is_volatile

#: Characters of SQL beyond which a composed pass is dearer than another one: some hundred functions per row.
LONGEST = 16_000


@dataclass(frozen=True, kw_only=True)
class Step:
    """Assignments that happen at once, in the rows where ``condition`` is true."""

    values: Mapping[str, sql.Composable]
    condition: sql.Composable | None = None
    #: Columns that values and condition name.
    reads: frozenset[str] = frozenset()
    calls: frozenset[Call] = frozenset()
    #: Whether it is worth a look if its form excludes that it fails: maskers' values are hardly ever replaced.
    may_be_total: bool = False


@dataclass(frozen=True, kw_only=True)
class _Value:
    """What a column is assigned, over the row as it was before the pass."""

    value: sql.Composable
    #: Old columns that it names.
    reads: frozenset[str]
    volatile: bool = False
    #: Whether it has the column's own type and length already.
    settled: bool = False
    #: Whether it can't fail, whatever the row holds.
    total: bool = False

    def as_held(self, column: Column) -> str | None:
        """What the column then holds."""
        held = self.value if self.settled else assigned(self.value, column)
        return None if held is None else held.as_string(None)


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """What a step sees of columns that the pass has assigned."""

    texts: Mapping[str, str] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    total: bool = True


class OpenPass:
    """Takes steps as long as one expression per column says what they do."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._values: dict[str, _Value] = {}
        #: Values that were replaced unseen, and might fail.
        self._unseen: list[str] = []
        self._ordered = False

    def values(self) -> Iterator[tuple[str, sql.Composable]]:
        """Columns and their values, in the order in which they were first assigned."""
        carrier = next((name for name in self._values if self._carries(name)), None) if self._unseen else None
        for name, found in self._values.items():
            yield name, self._with_unseen(name, found) if name == carrier else found.value

    def take(self, step: Step) -> bool:
        """Do a step after all others of the pass; False, and nothing done, where that needs another pass."""
        ordered = is_ordered(step.calls)
        if ordered and self._ordered:
            return False
        names = self._values.keys()
        if names & (self.table.with_sources(step.reads) | step.values.keys()):
            done = self._composed(step)
            if done is None:
                return False
            values, unseen = done
        else:
            values, unseen = self._plain(step), []
        self._values |= values
        self._unseen += unseen
        self._ordered |= ordered
        return True

    def _plain(self, step: Step) -> dict[str, _Value]:
        """What a step assigns that sees nothing of the others."""
        volatile = is_volatile(step.calls)
        total = step.may_be_total and (step.condition is None or _read(step.condition).cannot_fail())
        found: dict[str, _Value] = {}
        for name, value in step.values.items():
            column = self.table.columns_by_name[name]
            fits = total and _read(value).fits(column)
            if step.condition is None:
                found[name] = _Value(value=value, reads=step.reads, volatile=volatile, total=fits)
                continue
            held = assigned(value, column)
            found[name] = _Value(
                value=_case(step.condition, held or _cast(value, column), sql.Identifier(name)),
                reads=step.reads | {name},
                volatile=volatile,
                settled=held is not None,
                total=fits,
            )
        return found

    def _composed(self, step: Step) -> tuple[dict[str, _Value], list[str]] | None:
        readings = {name: _read(value) for name, value in step.values.items()}
        condition = _read(step.condition) if step.condition is not None else None
        sight = self._sight(step.reads)
        if sight is None or (
            sight.texts
            and not all(one.composable for one in (*readings.values(), *([condition] if condition else [])))
        ):
            return None
        certain = (
            condition.certain if condition else frozenset().union(*(one.certain for one in readings.values()))
        )
        values: dict[str, _Value] = {}
        unseen: list[str] = []
        for name, reading in readings.items():
            column, before = self.table.columns_by_name[name], self._values.get(name)
            before_text: str | None = None
            if before is not None:
                before_text = before.as_held(column)
                if before.volatile or before_text is None:
                    return None
                if name not in certain and not before.total:
                    unseen.append(before_text)
            value = as_written(reading.composed(sight.texts))
            reads = reading.reads | sight.reads
            total = sight.total and reading.fits(column) and (before is None or before.total)
            settled = False
            if condition is not None:
                held = assigned(value, column)
                if held is None:
                    return None
                otherwise = as_written(f"({before_text})") if before_text else sql.Identifier(name)
                value = as_written(
                    _case(as_written(condition.composed(sight.texts)), held, otherwise).as_string(None)
                )
                reads |= condition.reads | (before.reads if before else {name})
                total, settled = total and condition.cannot_fail(), True
            values[name] = _Value(
                value=value, reads=reads, volatile=is_volatile(step.calls), settled=settled, total=total
            )
        length = sum(len(one.value.as_string(None)) for one in values.values()) + sum(
            map(len, self._unseen + unseen)
        )
        carried = not unseen or any(self._may_carry(name) for name in {*self._values, *values})
        return (values, unseen) if length <= LONGEST and carried else None

    def _sight(self, names: frozenset[str]) -> _Sight | None:
        """What is seen of some columns; None where no expression says it."""
        texts: dict[str, str] = {}
        reads: set[str] = set()
        total = True
        for name in names:
            column = self.table.columns_by_name[name]
            if name in self._values:
                found: _Value | None = self._values[name]
            elif set(column.generated_from) & self._values.keys():
                found = self._generated(column)
            else:
                continue
            text = found.as_held(column) if found else None
            if found is None or text is None or found.volatile or not self._keeps_collation(column, text):
                return None
            texts[name] = text if read(text).certain else self._opaque(text)
            reads |= found.reads
            total &= found.total
        return _Sight(texts=texts, reads=frozenset(reads), total=total)

    def _generated(self, column: Column) -> _Value | None:
        """A generated column, of what the pass makes of its sources."""
        try:
            reading = read(column.default or "")
        except PgQueryError:
            return None
        sight = self._sight(reading.reads)
        if sight is None or not reading.composable or not reading.reads <= self.table.columns_by_name.keys():
            return None
        return _Value(value=as_written(reading.composed(sight.texts)), reads=reading.reads | sight.reads)

    def _keeps_collation(self, column: Column, text: str) -> bool:
        reading = read(text)
        columns = [column, *(self.table.columns_by_name.get(name) for name in reading.reads)]
        return reading.composable and all(one is not None and one.collation is None for one in columns)

    def _opaque(self, text: str) -> str:
        """What may be a constant, so that PostgreSQL doesn't know: else it would work out what is made of it, and
        fail, though no row is reached.
        """
        columns = [column for column in self.table.columns if not column.not_null] or list(self.table.columns)
        name = sql.Identifier(columns[0].name).as_string(None)
        return f"CASE WHEN {name} IS NULL THEN {text} ELSE {text} END"

    def _may_carry(self, name: str) -> bool:
        return assigned(sql.NULL, self.table.columns_by_name[name]) is not None

    def _carries(self, name: str) -> bool:
        return self._values[name].as_held(self.table.columns_by_name[name]) is not None

    def _with_unseen(self, name: str, found: _Value) -> sql.Composable:
        """The value, once all that nobody sees has been made: ``IS NULL`` itself is never NULL."""
        tests = [sql.SQL("(({}) IS NULL) IS NULL").format(as_written(text)) for text in self._unseen]
        held = as_written(found.as_held(self.table.columns_by_name[name]) or "")
        return sql.SQL("CASE WHEN {} THEN NULL ELSE {} END").format(sql.SQL(" OR ").join(tests), held)


def _read(value: sql.Composable) -> Reading:
    return read(value.as_string(None))


def _case(condition: sql.Composable, value: sql.Composable, otherwise: sql.Composable) -> sql.Composed:
    return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(condition, value, otherwise)


def _cast(value: sql.Composable, column: Column) -> sql.Composable:
    """Without the length, which is checked when the whole is assigned."""
    return sql.SQL("CAST({} AS {})").format(value, sql.Identifier(column.base_type_schema, column.base_type))
