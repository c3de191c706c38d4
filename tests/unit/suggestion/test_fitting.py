"""A masker is offered only where the column can bear it for every value that it may hold."""

from __future__ import annotations

from typing import Any

from masking.catalogue import Catalogue, Column, Index, Table
from masking.suggestion import ColumnSample, Samples, suggest


def _masker(
    column: Column, *, unique: bool = False, sample: ColumnSample | None = None, rows: int = 500
) -> Any:
    """What the policy says for ``column`` of a table of people numbered by ``id``."""
    key = Column(name="id", type="bigint", base_type="int8", not_null=True)
    indexes = [Index(name="p", unique=True, primary=True, columns=("id",), key_columns=("id",), keys=("id",))]
    if unique:
        name = column.name
        indexes.append(Index(name="u", unique=True, columns=(name,), key_columns=(name,), keys=(name,)))
    table = Table(
        schema="public", name="people", columns=(key, column), indexes=tuple(indexes), estimated_rows=rows
    )
    samples = Samples(columns={(table.id, column.name): sample} if sample else {})
    (_, found) = suggest(Catalogue(database="d", tables=(table,)), samples)
    assert found.action != "keep"
    return found.masker.policy if found.masker else "nothing"


def _digits(ten: float, eight: float) -> ColumnSample:
    return ColumnSample(
        values=300, distinct=300, average_length=11, shares={"ten_digits": ten, "eight_digits": eight}
    )


def _column(name: str, length: int | None = None, *, not_null: bool = True) -> Column:
    declared = f"character varying({length})" if length else "text"
    return Column(
        name=name,
        type=declared,
        base_type="varchar" if length else "text",
        max_length=length,
        not_null=not_null,
    )


def test_a_telephone_number_keeps_its_form() -> None:
    assert _masker(_column("phone", 20)) == "phone"


def test_unique_telephone_numbers_get_a_domain_of_their_own_where_there_are_enough() -> None:
    assert _masker(_column("phone"), unique=True, sample=_digits(1, 1)) == {
        "phone": {"domain": "unique_phone"}
    }


def test_unique_telephone_numbers_too_short_or_too_many_become_pseudonyms() -> None:
    assert _masker(_column("phone"), unique=True, sample=_digits(0.9, 1)) == "pseudonym"
    assert _masker(_column("phone"), unique=True, sample=_digits(1, 1), rows=50_000) == "pseudonym"


def test_identification_numbers_with_few_digits_become_pseudonyms() -> None:
    assert _masker(_column("ssn"), sample=_digits(0, 1)) == "ssn"
    assert _masker(_column("ssn"), sample=_digits(0, 0.5)) == "pseudonym"


def test_an_address_that_is_too_narrow_for_a_town_still_gets_a_mask() -> None:
    assert _masker(_column("city", 4)) == "pseudonym"


def test_unique_whole_numbers_that_nothing_else_fits_are_numbered_by_their_row() -> None:
    column = Column(name="birth_year", type="integer", base_type="int4", not_null=True)
    assert _masker(column, unique=True) == {"sql": '900000000 + "id"'}


def test_unique_bytes_that_nothing_else_fits_are_numbered_by_their_row() -> None:
    column = Column(name="picture", type="bytea", base_type="bytea", not_null=True)
    assert _masker(column, unique=True) == {"sql": "pg_catalog.decode(pg_catalog.md5(\"id\"::text), 'hex')"}


def test_a_document_not_null_with_a_type_of_its_own_fits_nothing() -> None:
    column = Column(
        name="address", type="public.address", base_type="address", base_type_schema="public", not_null=True
    )
    assert _masker(column) == "nothing"
