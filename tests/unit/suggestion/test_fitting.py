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


def test_unique_addresses_stay_distinct_and_unique_networks_do_not() -> None:
    def of(base_type: str, *, not_null: bool) -> Any:
        net = Column(name="net", type=base_type, base_type=base_type, not_null=not_null)
        return _masker(net, unique=True)

    assert of("inet", not_null=True) == "ip"
    assert of("cidr", not_null=False) is None


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


def test_a_type_of_its_own_is_masked_by_attribute() -> None:
    """Text is masked whatever its name says; a place in a domain, which may refuse anything, becomes NULL."""
    inner = Column(
        name="geo",
        type="public.geo",
        base_type="geo",
        base_type_schema="public",
        attributes=(
            Column(name="latitude", type="double precision", base_type="float8"),
            Column(name="spot", type="public.spot", base_type="text", domain="public.spot"),
        ),
    )
    column = Column(
        name="address",
        type="public.address",
        base_type="address",
        base_type_schema="public",
        not_null=True,
        attributes=(
            _column("street"),
            _column("zip", 10),
            _column("xyz"),
            Column(name="floor", type="integer", base_type="int4"),
            inner,
        ),
    )
    assert _masker(column) == {
        "composite": {
            "attributes": {
                "street": "street",
                "zip": "postcode",
                "xyz": "free_text",
                "floor": "keep",
                "geo": {"composite": {"latitude": {"geo_jitter": {"radius_m": 5000}}, "spot": None}},
            }
        }
    }


def test_a_document_is_masked_by_the_paths_whose_names_say_something_personal() -> None:
    """A name that no vocabulary knows may be somebody's: its path is left out, and the document loses it."""
    paths = [
        ("contact", "email"),
        ("contact", "phone"),
        ("tags", "[*]"),
        ("addresses", "[*]", "city"),
        ("Adelheid", "email"),
        ("contact", "email", "address"),
        ("theme",),
    ]
    sample = ColumnSample(
        values=9,
        json_keys=("contact", "email"),
        json_paths=(*((path, "string") for path in paths), (("contact", "mobile"), "number")),
    )
    column = Column(name="profile", type="jsonb", base_type="jsonb", not_null=True)
    assert _masker(column, sample=sample) == {
        "json": {
            "paths": {
                "$.contact.email": "email",
                "$.contact.phone": "phone",
                "$.contact.mobile": "phone",
                "$.addresses[*].city": "city",
            }
        }
    }


def test_a_search_vector_is_made_anew_of_the_masks() -> None:
    people = _people(_column("full_name"), Column(name="search", type="tsvector", base_type="tsvector"))
    found = suggest(Catalogue(database="d", tables=(people,)))
    assert [one.masker.policy for one in found if one.masker][1] == {
        "sql": 'CASE WHEN "search" IS NOT NULL THEN'
        " pg_catalog.to_tsvector('simple', pg_catalog.concat_ws(' ', \"full_name\")) END"
    }


def _all(shape: str) -> ColumnSample:
    return ColumnSample(values=300, distinct=300, average_length=30, average_words=1, shares={shape: 1})


def test_a_form_that_every_value_has_is_kept() -> None:
    assert _masker(_column("card_number"), sample=_all("card")) == "card_number"
    assert _masker(_column("card_number"), sample=_all("token")) == "pseudonym"
    assert _masker(_column("account_number"), sample=_all("iban")) == "iban"
    assert _masker(_column("account_number"), sample=_all("card")) == "pseudonym"
    assert _masker(_column("website"), sample=_all("url")) == "url"
    assert _masker(_column("stripe_id"), sample=_all("uuid")) == "uuid"


def test_a_name_that_says_a_form_is_believed_where_nobody_looked() -> None:
    assert _masker(_column("iban", 34)) == "iban"
    assert _masker(_column("card_number")) == "card_number"
    assert _masker(_column("homepage", 100)) == "url"
    assert _masker(_column("account_number")) == "pseudonym"


def test_a_place_on_the_map_stays_near() -> None:
    near = {"geo_jitter": {"radius_m": 5000}}
    assert _masker(Column(name="latitude", type="numeric(9,6)", base_type="numeric")) == near
    assert _masker(Column(name="location", type="point", base_type="point")) == near


def _policies(*tables: Table) -> dict[str, Any]:
    found = suggest(Catalogue(database="d", tables=tables))
    return {
        f"{one.table.name}.{one.column.name}": one.masker.policy if one.masker else "keep" for one in found
    }


def _people(*columns: Column, name: str = "people", unique: str | None = None) -> Table:
    index = (
        Index(name="u", unique=True, columns=(unique,), key_columns=(unique,), keys=(unique,))
        if unique
        else None
    )
    return Table(
        schema="public", name=name, columns=columns, indexes=(index,) if index else (), estimated_rows=500
    )


def test_names_go_with_the_address_beside_them_and_a_postcode_with_its_town() -> None:
    columns = [_column(name) for name in ("email", "first_name", "last_name", "city", "postcode")]
    assert _policies(_people(*columns, unique="email"), _people(_column("email"), name="leads")) == {
        "people.email": "person_email",
        "people.first_name": {"person_first_name": "email"},
        "people.last_name": {"person_last_name": "email"},
        "people.city": "place_city",
        "people.postcode": {"place_postcode": "city"},
        "leads.email": "person_email",
    }


def test_an_address_inside_a_document_is_masked_as_that_of_the_column() -> None:
    profile = Column(name="profile", type="jsonb", base_type="jsonb")
    people = _people(_column("email"), _column("first_name"), profile)
    sample = ColumnSample(values=9, json_keys=("email",), json_paths=((("email",), "string"),))
    found = suggest(
        Catalogue(database="d", tables=(people,)), Samples(columns={(people.id, "profile"): sample})
    )
    assert [one.masker.policy for one in found if one.masker] == [
        "person_email",
        {"person_first_name": "email"},
        {"json": {"paths": {"$.email": "person_email"}}},
    ]


def test_an_address_is_masked_in_one_way_in_every_table() -> None:
    """So where one of its columns has no room for names, none is made of them."""
    found = _policies(
        _people(_column("email"), _column("first_name")), _people(_column("email", 30), name="leads")
    )
    assert found == {"people.email": "email", "people.first_name": "first_name", "leads.email": "email"}


def test_with_two_addresses_nobody_knows_whose_the_name_is() -> None:
    found = _policies(_people(_column("email"), _column("work_email"), _column("first_name")))
    assert found == {"people.email": "email", "people.work_email": "email", "people.first_name": "first_name"}
