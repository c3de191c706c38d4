"""Whatever a person has of a database is loaded as production: a directory of SQL, one file, any pg_dump archive."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from deployments.demo.world import LoadFailed, load_sample
from deployments.localaws.binaries import find_binaries

# What a superuser must load, and what the loading one must not keep.
SCHEMA = """
CREATE EXTENSION citext;
CREATE TABLE public.patients (id integer PRIMARY KEY, email citext UNIQUE);
CREATE TABLE public.visits (id integer PRIMARY KEY, patient integer NOT NULL REFERENCES public.patients);
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not by hand'; END$$;
CREATE TRIGGER refuse BEFORE INSERT ON public.visits FOR EACH ROW EXECUTE FUNCTION public.refuse();
CREATE VIEW public.busy AS SELECT patient FROM public.visits;
"""
# As `pg_dump --data-only --disable-triggers` writes it: rows before the ones that they refer to.
DATA = """
ALTER TABLE public.visits DISABLE TRIGGER ALL;
INSERT INTO public.visits SELECT n, 1 + n % 20 FROM generate_series(1, 60) AS n;
ALTER TABLE public.visits ENABLE TRIGGER ALL;
INSERT INTO public.patients SELECT n, 'patient' || n || '@clinic-of-nowhere.example' FROM generate_series(1, 20) AS n;
"""
ROWS = (20, 60)

Conninfo = Callable[[str], str]


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    directory = tmp_path / "clinic"
    directory.mkdir()
    (directory / "schema.sql").write_text(SCHEMA)
    (directory / "data.sql").write_text(DATA)
    return directory


def rows(conninfo: str) -> tuple[int, int]:
    with psycopg.connect(conninfo) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM public.patients), (SELECT count(*) FROM public.visits)"
        ).fetchone()
    assert found
    return found


def owners(conninfo: str) -> set[str]:
    with psycopg.connect(conninfo) as connection:
        found = connection.execute(
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'refuse'"
        )
        return {owner for (owner,) in found}


def loaders(conninfo: str) -> list[str]:
    """Roles that were made for loading and are still there."""
    with psycopg.connect(conninfo) as connection:
        return [
            role
            for (role,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE '%loader%'")
        ]


def empty(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")


def test_a_directory_of_sql_is_loaded_past_triggers_and_given_to_the_master_user(
    database: str, superuser_conninfo: Conninfo, clinic: Path
) -> None:
    conninfo = superuser_conninfo(database)
    load_sample(conninfo, clinic)
    assert rows(conninfo) == ROWS
    assert owners(conninfo) == {"master"}
    assert loaders(conninfo) == []


@pytest.mark.parametrize(
    ("format_", "name"), [("c", "clinic.dump"), ("d", "clinic.dir"), ("t", "clinic.tar")]
)
def test_a_pg_dump_archive_is_loaded_in_each_format(
    database: str, superuser_conninfo: Conninfo, clinic: Path, tmp_path: Path, format_: str, name: str
) -> None:
    conninfo = superuser_conninfo(database)
    load_sample(conninfo, clinic)
    pg_dump = [find_binaries().tool("pg_dump"), f"--format={format_}", "--file", str(tmp_path / name)]
    subprocess.run([*pg_dump, "--dbname", conninfo], check=True)
    empty(conninfo)
    load_sample(conninfo, tmp_path / name)
    assert rows(conninfo) == ROWS
    assert owners(conninfo) == {"master"}
    assert loaders(conninfo) == []


def test_a_directory_may_hold_a_schema_alone(
    database: str, superuser_conninfo: Conninfo, clinic: Path
) -> None:
    (clinic / "data.sql").unlink()
    load_sample(superuser_conninfo(database), clinic)
    assert rows(superuser_conninfo(database)) == (0, 0)


def test_one_file_of_sql_will_do(database: str, superuser_conninfo: Conninfo, tmp_path: Path) -> None:
    file = tmp_path / "clinic.sql"
    file.write_text(SCHEMA + DATA)
    load_sample(superuser_conninfo(database), file)
    assert rows(superuser_conninfo(database)) == ROWS


def test_what_does_not_load_is_told_by_place_and_reason_without_a_value(
    database: str, superuser_conninfo: Conninfo, clinic: Path
) -> None:
    (clinic / "data.sql").write_text("INSERT INTO public.patients (id) VALUES ('Odalys Brackenridge');\n")
    with pytest.raises(LoadFailed, match=r"data\.sql:1") as caught:
        load_sample(superuser_conninfo(database), clinic)
    assert "Brackenridge" not in str(caught.value)
    assert loaders(superuser_conninfo(database)) == []


def test_a_file_that_is_no_dump_is_told(database: str, superuser_conninfo: Conninfo, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(LoadFailed, match="does not appear to be a valid archive"):
        load_sample(superuser_conninfo(database), tmp_path / "notes.txt")
    assert loaders(superuser_conninfo(database)) == []
