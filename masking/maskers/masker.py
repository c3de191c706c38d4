"""What a masker is: one definition from which validation, SQL, verification and the reference page all come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from psycopg import sql
from pydantic import BaseModel, ConfigDict, StringConstraints

from masking.catalogue import Column
from masking.syntax.expressions import Expression

#: A width for columns without one.
UNLIMITED = 2**31 - 1
#: Letters and digits that carry more than four bits of a keyed hash each; 18 meet a duplicate among 10⁶ values less
#: than once in 2³³ runs.
LETTERS = 18
#: A hash has no more.
LETTERS_MAX = 43
#: What they are, as a regular expression.
LETTER = "[a-z0-9]"
#: Fewer letters than this may be a raw value by chance.
LETTERS_THAT_TELL = 8
#: Types whose values are wide enough to tell a raw one by equality.
_IDENTIFYING = frozenset(
    {"text", "varchar", "bpchar", "citext", "name", "uuid", "bytea", "json", "jsonb", "inet", "xml"}
)

Domain = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class Parameters(BaseModel):
    """A masker's parameters as the policy gives them. ``shorthand`` names the one that a bare value is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    shorthand: ClassVar[str | None] = None

    def reads(self) -> frozenset[str]:
        """Columns of the row whose values, as the scripts left them, the masks are made of."""
        return frozenset()

    def ways(self) -> tuple[object, ...]:
        """What else than value and domain the masks depend on: columns of one masking domain must agree in it."""
        return ()


class Keyed(Parameters):
    """``domain``: values mask alike within it; by default the masker's own name."""

    domain: Domain | None = None


class Subject(Keyed):
    """``of``: the column whose value, as the scripts left it, the mask is made of instead of the masked one's own."""

    of: str | None = None

    def reads(self) -> frozenset[str]:
        return frozenset() if self.of is None else frozenset({self.of})


@dataclass(frozen=True, kw_only=True)
class Condition:
    """The rows that a use is for: those of which ``when``, which sees them as the scripts left them, is true."""

    when: Expression
    #: What masks the other rows; None where they stay.
    otherwise: Use | None


#: A path into a document: names of members, and None for every element of an array.
Steps = tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class Use:
    """A masker applied to one column."""

    masker: Masker
    column: Column
    parameters: Parameters
    #: The masking domain; '' for maskers without a key.
    domain: str = ""
    #: How many letters of the hash appear in a result; 0 for none.
    letters: int = 0
    #: Whether distinct values must give distinct results.
    distinct: bool = False
    #: How many characters a result may have, here and in every column that a foreign key joins with this one.
    width: int = UNLIMITED
    #: The column in its table, as people call it.
    origin: str = ""
    #: None where it masks every row.
    condition: Condition | None = None
    #: Maskers of what lies inside the column's documents.
    inner: tuple[Use, ...] = ()
    #: Where in the column's documents it applies; empty for the column itself.
    steps: Steps = ()
    #: The same for people, as the policy writes it: ``$.contact.email``, ``.street``.
    where: str = ""
    #: A query for the values that lie there, in one column; None for the column's own.
    values: sql.Composable | None = None

    def on(self, column: Column) -> Use:
        """The same for a partition's own column."""
        condition = self.condition
        if condition is not None and condition.otherwise is not None:
            condition = replace(condition, otherwise=condition.otherwise.on(column))
        return replace(self, column=column, condition=condition)

    @property
    def parts(self) -> tuple[Use, ...]:
        """The maskers of which each masks some rows, without their conditions."""
        if self.condition is None:
            return (self,)
        own = replace(self, condition=None)
        return (own,) if self.condition.otherwise is None else (own, self.condition.otherwise)

    def with_inner(self) -> Iterator[Use]:
        """It, and all that lies inside of its values."""
        yield self
        for one in self.inner:
            yield from one.with_inner()

    @property
    def asks(self) -> frozenset[str]:
        """Columns that it needs as the scripts left them: its condition's, and those that its masks are made of."""
        asked = self.condition.when.reads if self.condition is not None else frozenset[str]()
        return asked.union(*(part.parameters.reads() for part in self.parts))

    @property
    def keeps_rows(self) -> bool:
        """Whether some rows keep what the scripts left."""
        return self.condition is not None and self.condition.otherwise is None

    @property
    def changes(self) -> bool:
        """Whether the masked values as a whole must differ afterwards."""
        return all(part.masker.changes for part in self.parts)

    @property
    def element_type(self) -> sql.Composable:
        """Type of a scalar result, without modifiers."""
        return sql.Identifier(self.column.element_type_schema, self.column.element_type)

    @property
    def coincidence(self) -> str | None:
        """Why a result may by coincidence equal a raw value; None where it can't."""
        if self.condition is not None:
            return next((part.coincidence for part in self.parts if part.coincidence is not None), None)
        if self.masker.coincidence is not None:
            return self.masker.coincidence
        if self.masker.letters and 0 < self.letters < LETTERS_THAT_TELL:
            return "there is room for few letters only"
        if self.masker.distinct == "author" and self.column.element_type not in _IDENTIFYING:
            return "numbers, dates and flags of a narrow range meet"
        return None

    def expression(self) -> sql.Composable:
        """SQL whose value replaces the column's, in terms of the row's own columns."""
        name = sql.Identifier(self.column.name)
        if self.condition is not None:
            mask, *other = [part.expression() for part in self.parts]
            # Cast as an assignment would, which still checks the length; the parts may be of different types.
            return sql.SQL(
                "CASE WHEN {when} THEN CAST({mask} AS {type}) ELSE CAST({other} AS {type}) END"
            ).format(
                when=as_written(f"({self.condition.when.text})"),
                mask=mask,
                other=other[0] if other else name,
                type=sql.Identifier(self.column.base_type_schema, self.column.base_type),
            )
        return self.masked(name)

    def masked(self, value: sql.Composable) -> sql.Composable:
        """What a value of the column's type becomes, whatever the row."""
        if not self.is_by_element:
            return self.masker.mask(self, value)
        return sql.SQL(
            "CASE WHEN pg_catalog.cardinality({value}) > 0 THEN refresh_mask.in_shape_of("
            "(SELECT pg_catalog.array_agg({mask} ORDER BY element.place) FROM {elements}),"
            " CAST({value} AS {element_type}[])) ELSE {value} END"
        ).format(
            value=value,
            mask=self.masker.mask(self, sql.Identifier("element", "value")),
            elements=self._elements(value),
            element_type=self.element_type,
        )

    @property
    def is_by_element(self) -> bool:
        """Whether it masks the elements of arrays."""
        return self.column.is_array and self.masker.elementwise

    def _elements(self, value: sql.Composable) -> sql.Composable:
        if not self.column.attributes:
            return sql.SQL("pg_catalog.unnest({}) WITH ORDINALITY AS element (value, place)").format(value)
        # In FROM, composites would come out as one column per attribute.
        return sql.SQL(
            "(SELECT pg_catalog.unnest({value}),"
            " pg_catalog.generate_series(1, pg_catalog.cardinality({value}))) AS element (value, place)"
        ).format(value=value)

    def violation(self, row: sql.Composable | None = None) -> sql.Composable | None:
        """SQL that is true of a row whose value no masker's output can be; None where nothing can be said.

        ``row``: what the row is called, where other columns may have the column's name.
        """
        name: sql.Composable = sql.Identifier(self.column.name)
        value = name if row is None else sql.SQL(".").join((row, name))
        found = [part.offends(value) for part in self.parts]
        known = [violation for violation in found if violation is not None]
        if len(known) < len(found):
            return None
        return sql.SQL("({})").format(sql.SQL(" AND ").join(known))

    def offends(self, value: sql.Composable) -> sql.Composable | None:
        """As :meth:`violation`, of a value of the column's type."""
        if self.masker.holds is None:
            return None
        if not self.is_by_element:
            return sql.SQL("(({holds}) IS NOT TRUE)").format(holds=self.masker.holds(self, value))
        return sql.SQL("EXISTS (SELECT FROM {elements} WHERE ({holds}) IS NOT TRUE)").format(
            elements=self._elements(value), holds=self.masker.holds(self, sql.Identifier("element", "value"))
        )


@dataclass(frozen=True, kw_only=True)
class Masker:
    """One way to mask a value. NULL stays NULL and '' stays '', unless ``doc`` says otherwise."""

    name: str
    #: What it does, for the reference page: ends with a full stop.
    doc: str
    parameters: type[Parameters] = Keyed
    #: Base types that it takes (an array's are its elements'); empty for every type.
    types: frozenset[str] = frozenset()
    keyed: bool = True
    #: How results can be made distinct: by letters of the hash where there is room, by a map of slots, or not.
    distinct: Literal["letters", "slots", "always", "author", "no"] = "no"
    #: Why a result may by coincidence equal a raw value; None where it can't. ``holds`` is checked instead then.
    coincidence: str | None = None
    #: Slots of the range of most values, whose format has a shorter way to the same mask; 0 where none has.
    common_capacity: int = 0
    #: SQL that masks a value.
    mask: Callable[[Use, sql.Composable], sql.Composable]
    #: SQL that is true of every result (NULL included).
    holds: Callable[[Use, sql.Composable], sql.Composable] | None = None
    #: Arrays are masked element by element.
    elementwise: bool = True
    #: Letters that a result has when it needn't be distinct, and how many fit a width at most.
    letters: int = 0
    room: Callable[[int], int] = lambda width: 0
    #: Fewest characters that a column must hold.
    min_width: int = 1
    #: Whether it changes the value at all.
    masks: bool = True
    #: Whether the values as a whole must differ afterwards: the check of maskers whose results ``holds`` can't tell.
    changes: bool = False
    #: SQL of a value's place in a small range; by default of the function named after the masker.
    space: Callable[[Use, sql.Composable], sql.Composable] | None = None
    #: How many distinct results values of the usual length can have at most; None where that depends on the values.
    most: Callable[[Any], int] | None = None
    #: What to do where there are more values than that.
    wider: str = ""
    #: SQL that is true of values that stay as they are.
    unchanged: Callable[[Use, sql.Composable], sql.Composable] | None = None
    #: The masker, of the same name, that some parameters make of it; None where they make no difference.
    variant: Callable[[Any], Masker | None] | None = None

    def given(self, parameters: Parameters) -> Masker:
        """This masker, as its parameters make it."""
        return (self.variant(parameters) if self.variant is not None else None) or self


def as_written(text: str) -> sql.SQL:
    """SQL that the user or PostgreSQL itself wrote, taken as it is."""
    return sql.SQL(text)


def text_of(value: sql.Composable) -> sql.Composable:
    """``value`` as text of the database's own collation; a ``char(n)`` loses its padding.

    A mask is the same whatever collation a column has: what is lower case can depend on it, columns of two collations
    couldn't be compared, and a nondeterministic one knows neither LIKE nor regular expressions.
    """
    return sql.SQL('(CAST({} AS pg_catalog.text) COLLATE pg_catalog."default")').format(value)


def literal(value: Any) -> sql.Composable:
    """A quoted value."""
    return sql.Literal(value)
