"""Values are counted where they lie: shapes and shares come back, no value does."""

from __future__ import annotations

import dataclasses

import psycopg
import pytest

from contracts.login import Login
from masking.catalogue import TableName
from masking.suggestion import Samples, suggest
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.connection import connect
from tasks.postgres.sampling import ROWS_MAX, sample_database

RENAMED = TableName(schema="public", name="t1")
PEOPLE = TableName(schema="public", name="Users")


@pytest.fixture
def samples(master_login: Login, awkward: str) -> Samples:
    return sample_database(master_login, awkward, read_catalogue(master_login, awkward))


def test_each_shape_is_recognised_in_the_server(samples: Samples) -> None:
    shares = {
        "c2": "email",
        "c3": "phone",
        "c4": "ssn",
        "c5": "iban",
        "c6": "card",
        "c7": "ip",
        "c8": "first_name",
        "c9": "street",
    }
    assert {
        column: samples.columns[RENAMED, column].share(shape) > 0.8 for column, shape in shares.items()
    } == dict.fromkeys(shares, True)
    assert samples.columns[RENAMED, "c10"].json_keys == ("contact", "telephone")
    assert samples.columns[RENAMED, "c10"].json_paths == ((("contact", "telephone"), "string"),)
    assert samples.columns[PEOPLE, "photo"].share("image") == 1
    assert samples.columns[PEOPLE, "other_emails"].share("email") == 1


def test_no_value_comes_back(samples: Samples) -> None:
    shown = repr(samples)
    for value in ("Adelheid", "mail.example", "555-01", "Ashcombe", "Harbour", "198.51.100", "ordinary"):
        assert value not in shown


def test_columns_whose_names_say_nothing_are_found_by_their_values(
    master_login: Login, awkward: str, samples: Samples
) -> None:
    catalogue = read_catalogue(master_login, awkward)
    found = {
        (suggestion.table.name, suggestion.column.name): suggestion.action
        for suggestion in suggest(catalogue, samples)
        if suggestion.table.name in ("t1", "t2")
    }
    assert {column for (table, column), action in found.items() if action == "mask" and table == "t1"} == {
        f"c{number}" for number in range(2, 11)
    }
    assert {
        column for (table, column), action in found.items() if action != "keep" and table == "t2"
    } == set()


def test_a_bounded_number_of_rows_is_read(master_login: Login, database: str) -> None:
    with connect(master_login, database, autocommit=True) as connection:
        connection.execute("CREATE TABLE large AS SELECT i::text AS c FROM generate_series(1, 50000) AS i")
        connection.execute("ANALYZE large")
    samples = sample_database(master_login, database, read_catalogue(master_login, database))
    ((_, sample),) = samples.columns.items()
    assert 0 < sample.values <= ROWS_MAX


def test_a_column_that_cannot_be_read_does_not_hide_the_others(master_login: Login, database: str) -> None:
    with connect(master_login, database, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (email text, about xml)")
        connection.execute("INSERT INTO people VALUES ('someone@mail.example', '<a/>')")
    catalogue = read_catalogue(master_login, database)
    (table,) = catalogue.tables
    gone = dataclasses.replace(table.columns[1], name="dropped since")
    stale = dataclasses.replace(
        catalogue, tables=(dataclasses.replace(table, columns=(table.columns[0], gone)),)
    )
    samples = sample_database(master_login, database, stale)
    assert [column for _, column in samples.columns] == ["email"]


def test_sampling_leaves_nothing_behind(
    master_login: Login, awkward: str, samples: Samples, superuser_conninfo: object
) -> None:
    with connect(master_login, awkward) as connection:
        before = connection.execute("SELECT count(*) FROM pg_catalog.pg_class").fetchone()
        sample_database(master_login, awkward, read_catalogue(master_login, awkward))
        assert connection.execute("SELECT count(*) FROM pg_catalog.pg_class").fetchone() == before


def test_a_check_is_tried_with_what_each_masker_would_give(samples: Samples) -> None:
    tried = {
        masker: passes
        for (table, column, masker), passes in samples.trials.items()
        if (table, column) == (PEOPLE, "zip")
    }
    assert (tried["postcode"], tried["pseudonym"], tried["email"]) == (True, False, False)


def test_a_missing_database_is_an_error_that_names_it(master_login: Login, awkward: str) -> None:
    catalogue = read_catalogue(master_login, awkward)
    with pytest.raises(Exception, match="no_such_database") as raised:
        sample_database(master_login, "no_such_database", catalogue)
    assert not isinstance(raised.value, psycopg.Error)
