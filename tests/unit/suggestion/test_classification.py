"""What is personal is found by names alone, in several languages and conventions, and little else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from masking.catalogue import Catalogue, Column, ForeignKey, Table, TableName
from masking.suggestion import ColumnSample, Samples, suggest
from masking.suggestion.classify import classify
from tests.unit.suggestion.labelled import DATABASES, labelled


def _found(name: str, *actions: str) -> set[tuple[str, str]]:
    suggestions = suggest(labelled(name).catalogue)
    return {(found.table.name, found.column.name) for found in suggestions if found.action in actions}


@pytest.mark.parametrize("name", DATABASES)
def test_nearly_all_that_is_personal_is_masked_and_nearly_nothing_else(name: str) -> None:
    truth = labelled(name)
    masked = _found(name, "mask") - truth.arguable
    assert len(masked & truth.personal) / len(truth.personal) >= 0.95, truth.personal - masked
    assert len(masked & truth.personal) / len(masked) >= 0.95, masked - truth.personal


@pytest.mark.parametrize("name", DATABASES)
def test_nothing_personal_is_kept_without_review(name: str) -> None:
    assert labelled(name).personal - _found(name, "mask", "review") == set()


def test_review_is_asked_for_few_columns() -> None:
    columns = [found for name in DATABASES for found in suggest(labelled(name).catalogue)]
    assert sum(found.action == "review" for found in columns) < 0.05 * len(columns)


def _one(
    column: Column, *, table: str = "things", sample: ColumnSample | None = None
) -> tuple[str, str | None]:
    catalogue = Catalogue(database="d", tables=(Table(schema="public", name=table, columns=(column,)),))
    place = (TableName(schema="public", name=table), column.name)
    verdict = classify(catalogue, Samples(columns={place: sample} if sample else {}))[place]
    return verdict.action, verdict.kind


def _text(name: str, comment: str | None = None) -> Column:
    return Column(name=name, type="text", base_type="text", comment=comment)


@pytest.mark.parametrize(
    ("shares", "kind"),
    [
        ({"email": 0.9, "holds_email": 0.9}, "email"),
        ({"phone": 0.8}, "phone"),
        ({"ssn": 1.0}, "national_id"),
        ({"iban": 0.9}, "account_number"),
        ({"card": 0.9}, "card_number"),
        ({"ip": 1.0}, "ip"),
        ({"password_hash": 1.0}, "credential"),
        ({"first_name": 0.6}, "first_name"),
        ({"last_name": 0.4}, "last_name"),
    ],
)
def test_a_column_without_a_telling_name_is_found_by_its_values(shares: dict[str, float], kind: str) -> None:
    sample = ColumnSample(values=200, distinct=190, average_length=15, average_words=1, shares=shares)
    assert _one(_text("c7"), sample=sample) == ("mask", kind)


def test_text_with_addresses_in_it_is_free_text() -> None:
    sample = ColumnSample(values=200, distinct=200, average_words=12, shares={"holds_email": 0.05})
    assert _one(_text("c7"), sample=sample) == ("mask", "free_text")


def test_json_is_judged_by_its_keys() -> None:
    column = Column(name="c7", type="jsonb", base_type="jsonb")
    personal = ColumnSample(values=50, json_keys=("id", "contact", "phoneNumber"))
    harmless = ColumnSample(values=50, json_keys=("width", "height"))
    assert _one(column, sample=personal) == ("mask", "document")
    assert _one(column, sample=harmless)[0] == "keep"


def test_a_comment_speaks_where_the_name_says_nothing() -> None:
    assert _one(_text("kdx7", comment="E-mail address of the subscriber")) == ("mask", "email")
    assert _one(_text("status", comment="E-mail address status"))[0] == "keep"


def test_user_names_that_are_really_uuids_are_keys() -> None:
    sample = ColumnSample(values=100, distinct=100, average_words=1, shares={"uuid": 1.0})
    assert _one(_text("requested_by"), sample=sample)[0] == "keep"
    assert _one(_text("requested_by"))[0] == "mask"


def test_text_without_rows_to_look_at_is_kept_with_little_confidence() -> None:
    catalogue = Catalogue(
        database="d", tables=(Table(schema="public", name="things", columns=(_text("c7"),)),)
    )
    (found,) = suggest(catalogue)
    assert (found.action, found.confidence) == ("keep", 0.5)


@pytest.mark.parametrize("name", ["name", "title", "description"])
def test_a_word_that_is_personal_among_people_is_not_among_goods(name: str) -> None:
    assert _one(_text(name), table="products")[0] == "keep"
    assert _one(_text(name), table="genres")[0] == "keep"


def test_what_cannot_be_masked_in_place_is_kept() -> None:
    generated = Column(name="email", type="text", base_type="text", generated=True, generated_from=("a",))
    partition_key = Column(name="birth_date", type="date", base_type="date", partition_key=True)
    assert _one(generated)[0] == "keep"
    assert _one(partition_key)[0] == "keep"


def test_postcodes_and_towns_without_telling_names_are_found_beside_a_street() -> None:
    shapes = {"c1": {"street": 0.9}, "c2": {"postcode": 0.9}, "c3": {"place": 0.95}, "c4": {"number": 1.0}}
    table = Table(schema="public", name="t1", columns=tuple(map(_text, shapes)))
    samples = Samples(
        columns={
            (table.id, name): ColumnSample(values=200, distinct=120, average_words=1.5, shares=shares)
            for name, shares in shapes.items()
        }
    )
    found = {
        column.column.name: column.action
        for column in suggest(Catalogue(database="d", tables=(table,)), samples)
    }
    assert found == {"c1": "mask", "c2": "mask", "c3": "mask", "c4": "keep"}
    alone = Samples(columns={place: sample for place, sample in samples.columns.items() if place[1] != "c1"})
    found = {
        column.column.name: column.action
        for column in suggest(Catalogue(database="d", tables=(table,)), alone)
    }
    assert found == dict.fromkeys(shapes, "keep")


def test_labels_beside_a_street_are_no_towns() -> None:
    table = Table(schema="public", name="t1", columns=(_text("c1"), _text("risk_grade"), _text("c3")))
    shapes = ({"street": 0.9}, {"place": 0.95}, {"place": 0.95})
    samples = Samples(
        columns={
            (table.id, column.name): ColumnSample(values=200, distinct=5, average_words=1.2, shares=shares)
            for column, shares in zip(table.columns, shapes, strict=True)
        }
    )
    found = suggest(Catalogue(database="d", tables=(table,)), samples)
    assert [column.action for column in found] == ["mask", "keep", "mask"]


def test_a_type_of_its_own_is_personal_where_its_name_or_table_is() -> None:
    address = Column(
        name="home_address", type="public.address", base_type="address", base_type_schema="public"
    )
    colour = Column(name="shade", type="public.colour", base_type="colour", base_type_schema="public")
    assert _one(address)[0] == "mask"
    assert _one(colour)[0] == "review", "what stands in its fields isn't known"
    assert _one(colour, table="customers")[0] == "mask"
    assert _one(replace(colour, type="colour[]", base_type="_colour"))[0] == "review"
    assert _one(replace(colour, enum_labels=("red", "blue")))[0] == "keep"


@pytest.mark.parametrize(
    ("base_type", "masker"),
    [("text", "free_text"), ("jsonb", {"json": {"value": {}}}), ("bytea", "bytes"), ("_text", "free_text")],
)
def test_what_showed_no_value_to_who_looked_is_masked(base_type: str, masker: object) -> None:
    """Its rows may be kept from the looker by row security, or be NULL in the sample alone."""
    column = Column(name="c7", type=base_type, base_type=base_type)
    table = Table(schema="public", name="things", columns=(column,))
    (found,) = suggest(Catalogue(database="d", tables=(table,)), Samples(taken=True))
    assert found.action == "review"
    assert found.confidence <= 0.6
    assert found.masker is not None
    assert found.masker.policy == masker


def test_a_code_without_a_value_is_what_it_refers_to() -> None:
    statuses = Table(schema="public", name="statuses", columns=(_text("code"),))
    key = ForeignKey(name="f", columns=("kind",), referenced=statuses.id, referenced_columns=("code",))
    things = Table(schema="public", name="things", columns=(_text("kind"),), foreign_keys=(key,))
    samples = Samples(columns={(statuses.id, "code"): ColumnSample(values=5, distinct=5)}, taken=True)
    found = suggest(Catalogue(database="d", tables=(statuses, things)), samples)
    assert [column.action for column in found] == ["keep", "keep"]


def test_one_address_among_many_words_is_enough() -> None:
    sample = ColumnSample(values=500, distinct=400, average_words=1, shares={"holds_email": 0.002})
    assert _one(_text("c7"), sample=sample) == ("mask", "free_text")
    sample = ColumnSample(values=500, distinct=400, average_words=1, shares={"ssn": 0.2})
    assert _one(_text("c7"), sample=sample) == ("review", "free_text")


def test_bytes_are_kept_only_where_they_are_images_of_things() -> None:
    column = Column(name="c7", type="bytea", base_type="bytea")
    seen = {name: ColumnSample(values=50, shares={name: 1.0}) for name in ("readable", "image", "neither")}
    assert _one(column, sample=seen["readable"])[0] == "mask"
    assert _one(column, sample=seen["neither"])[0] == "review"
    assert _one(column, table="products", sample=seen["image"])[0] == "keep"
