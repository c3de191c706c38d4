"""What is suggested can be carried out: the masking step runs with it, and finds nothing to object to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from contracts.login import Login
from contracts.report import MaskingReport
from deployments.demo.world import load_sample
from masking.keys import MaskingKeys
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.suggestion import suggest, suggest_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.quarantine import quarantine
from tasks.postgres.rehearsal import rehearse
from tasks.postgres.rewrite import rewrite
from tasks.postgres.sampling import sample_database
from tasks.postgres.verification import finish, verify
from tests.fix_samples import RealDatabase

KEYS = MaskingKeys(root=bytes(range(1, 33)))
SHOP = Path(__file__).parents[3] / "sql" / "databases" / "shop"

Ask = Callable[[str], list[tuple[Any, ...]]]
Load = Callable[[str], None]


@pytest.fixture
def ask(database: str, superuser_conninfo: Callable[[str], str]) -> Ask:
    def run(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(superuser_conninfo(database)) as connection:
            return connection.execute(query).fetchall()

    return run


def _mask(
    login: Login, database: str, policy: str, scripts: Mapping[str, str] | None = None
) -> MaskingReport:
    quarantine(login, database)
    catalogue = read_catalogue(login, database)
    plan = make_plan(catalogue, parse_policy(policy, scripts))
    rehearse(login, database, catalogue, plan, KEYS)
    rewrite(login, database, catalogue, plan, KEYS)
    report = verify(login, database, catalogue, plan, KEYS)
    finish(login, database)
    return report


def _suggested(login: Login, database: str) -> str:
    catalogue = read_catalogue(login, database)
    return suggest_policy(catalogue, sample_database(login, database, catalogue))


def test_the_awkward_database_is_masked_without_an_objection(
    master_login: Login, awkward: str, ask: Ask
) -> None:
    report = _mask(master_login, awkward, _suggested(master_login, awkward))
    assert report.verification.verdict == "passed"
    for table in ('"Users"', "posts", '"Old Stuff"."a.b ""c"""', "people", "visits", "by_city", "t1"):
        ((left,),) = ask(
            f"SELECT count(*) FROM {table} AS r WHERE r::text ~ 'mail[.]example|Adelheid|Birkenau'"
        )
        assert left == 0, table
    assert ask('SELECT count(*) FROM "Users"') == [(300,)]
    assert ask('SELECT count(*) FROM posts JOIN "Users" ON "Login Name" = author') == [(200,)]


# Where values hide from a look at the first of them; all of it is invented.
HIDDEN = """
CREATE TYPE public.place AS (line text, contact text);
CREATE DOMAIN public.word AS text;
CREATE DOMAIN public.given AS text NOT NULL;
CREATE TYPE public.firm AS (contact public.given);
CREATE TABLE public.t1 (id int PRIMARY KEY, c1 public.place, c2 public.word[], c3 text[], c4 bytea, c5 public.place[],
    c6 json[] NOT NULL, c7 text, c8 bytea[]);
INSERT INTO public.t1 SELECT i, ROW('12 Harbour Street', v)::public.place, ARRAY[v]::public.word[], ARRAY['x', 'y', v],
    convert_to('é ' || v, 'UTF8'), ARRAY[ROW('x', v)::public.place], ARRAY['"x"'::json, to_json(v)],
    CASE WHEN i > 1000 THEN v END, ARRAY[convert_to(v, 'UTF8')]
    FROM (SELECT i, 'q' || i || '@mail.example' AS v FROM generate_series(1, 1200) AS i) AS s;
CREATE TABLE public.t2 (id int PRIMARY KEY, c1 text NOT NULL, c2 text UNIQUE CHECK (c2 <> ''), c3 jsonb, c4 bytea,
    c5 text CHECK (c5 ~ '^[0-9]+$'), c6 bytea UNIQUE NOT NULL);
INSERT INTO public.t2 SELECT i, v, v, to_jsonb(v), convert_to(v, 'UTF8'), i, convert_to(v, 'UTF8')
    FROM (SELECT i, 'q' || i || '@mail.example' AS v FROM generate_series(1, 50) AS i) AS s;
CREATE TABLE public.t3 (id int PRIMARY KEY, c1 public.firm NOT NULL);
CREATE TABLE public.t4 (id int PRIMARY KEY, t3 int REFERENCES public.t3);
INSERT INTO public.t3 VALUES (1, ROW('q@mail.example'));
INSERT INTO public.t4 VALUES (1, 1);
ALTER TABLE public.t2 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
"""


def test_what_hides_from_a_look_at_the_first_values_is_masked_all_the_same(
    master_login: Login, database: str, load: Load, ask: Ask
) -> None:
    load(HIDDEN)
    catalogue = read_catalogue(master_login, database)
    found = suggest(catalogue, sample_database(master_login, database, catalogue))
    assert {f"{column.table.name}.{column.column.name}" for column in found if column.action == "keep"} == {
        "t1.id",
        "t2.id",
        "t3.id",
        "t4.id",
        "t4.t3",
    }
    assert _mask(master_login, database, _suggested(master_login, database)).verification.verdict == "passed"
    for table in ("t1", "t2"):
        rows = ask(f"SELECT count(*), count(*) FILTER (WHERE r::text ~ 'mail[.]example') FROM {table} AS r")
        assert rows == [({"t1": 1200, "t2": 50}[table], 0)]
        assert ask(
            f"SELECT count(*) FROM {table}, to_jsonb({table}) AS r WHERE r::text ~ '6d61696c2e6578616d706c65'"
        ) == [(0,)]
    assert ask("SELECT (SELECT count(*) FROM t3), (SELECT count(*) FROM t4)") == [(0, 0)]


def test_nothing_of_the_look_alikes_people_is_left_by_a_suggested_policy(
    master_login: Login, look_alike: str, ask: Ask
) -> None:
    report = _mask(master_login, look_alike, _suggested(master_login, look_alike))
    assert report.verification.verdict == "passed"
    assert _tables_with(ask, "larkfield-mail|[+]1 [0-9]{3}-1[0-9]{2}-|198[.]51[.]100|203[.]0[.]113") == []


def test_nothing_of_the_look_alikes_people_is_left_by_its_own_policy(
    master_login: Login, look_alike: str, ask: Ask
) -> None:
    people: dict[int, str] = dict(ask("SELECT id, ssn FROM public.users"))
    scripts = {file.name: file.read_text() for file in (SHOP / "masking").glob("*.sql")}
    report = _mask(master_login, look_alike, (SHOP / "policy.yaml").read_text(), scripts)
    assert report.verification.verdict == "passed"
    assert _tables_with(ask, "larkfield-mail|[+]1 [0-9]{3}-1[0-9]{2}-|198[.]51[.]100|203[.]0[.]113") == []
    assert ask("SELECT id, ssn, email, phone FROM public.users ORDER BY id") == [
        (number, f"XXX-XX-{ssn[-4:]}", f"user_{number}@example.dev", "555-000-0000")
        for number, ssn in sorted(people.items())
    ]


def _tables_with(ask: Ask, pattern: str) -> list[str]:
    """Tables of the look-alike with a row that matches."""
    tables = ask(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = 'public'"
    )
    return [
        table
        for (table,) in tables
        if ask(f"SELECT count(*) FROM {table} AS r WHERE r::text ~ '{pattern}'")[0][0]
    ]


def test_nothing_personal_of_a_real_database_is_kept_by_a_suggested_policy(
    master_login: Login, database: str, superuser_conninfo: Callable[[str], str], real_database: Any
) -> None:
    chinook: RealDatabase = real_database("chinook")
    load_sample(superuser_conninfo(database), chinook.directory)
    report = _mask(master_login, database, _suggested(master_login, database))
    assert report.verification.verdict == "passed"
    kept = {(column.table, column.column) for column in report.columns if column.action == "keep"}
    assert kept
    assert kept & chinook.personal == set()


def test_nothing_personal_of_a_real_database_is_kept_by_the_policy_that_a_person_wrote(
    master_login: Login, database: str, superuser_conninfo: Callable[[str], str], real_database: Any, ask: Ask
) -> None:
    pagila: RealDatabase = real_database("pagila")
    load_sample(superuser_conninfo(database), pagila.directory)
    before = ask("SELECT count(*) FROM public.payment")
    report = _mask(master_login, database, (pagila.policy / "policy.yaml").read_text())
    assert report.verification.verdict == "passed"
    kept = {(column.table, column.column) for column in report.columns if column.action == "keep"}
    assert kept & pagila.personal == set()
    assert ask("SELECT count(*) FROM public.payment") == before
    assert ask("SELECT count(*) FROM public.customer WHERE email LIKE '%sakilacustomer%'") == [(0,)]
