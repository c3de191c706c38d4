"""Whichever way a pass goes over a table, the rows are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import psycopg
import pytest
from psycopg import sql

from contracts.errors import DatabaseError
from masking.keys import MaskingKeys
from masking.planning.repetition import repeating_columns
from masking.statements.passes import rows_of
from tasks.archive.saved_schema import save_schema
from tasks.postgres import masking_progress, masking_session, slots, table_copies
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone

SCRIPT = {"a.sql": "UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4), '-', id)"}
NEVER = 2**62
AWKWARD = """
    CREATE DOMAIN public.short AS varchar(12) CHECK (VALUE <> 'forbidden');
    CREATE TABLE public."Awkward Table" (
        id serial PRIMARY KEY, gone int, "E-Mail" varchar(60) COLLATE "C" NOT NULL UNIQUE, code char(8),
        nick public.short, tags text[] DEFAULT '{}', bits bit(4),
        shown text GENERATED ALWAYS AS ("E-Mail" || ' (' || coalesce(nick, '-') || ')') STORED,
        doubled text GENERATED ALWAYS AS (code || code) STORED,
        amount numeric(8, 2), boss int REFERENCES public."Awkward Table"
    );
    ALTER TABLE public."Awkward Table" DROP COLUMN gone;
    CREATE VIEW public.seen AS SELECT "E-Mail" FROM public."Awkward Table";
    CREATE TABLE public.referring (id int PRIMARY KEY, awkward int REFERENCES public."Awkward Table", note text);
    INSERT INTO public."Awkward Table" ("E-Mail", code, nick, tags, bits, amount, boss)
    SELECT 'Person' || g || '@raw.example', 'c' || g, CASE WHEN g % 3 > 0 THEN 'nick' || g END,
           ARRAY['tag' || g, NULL, ''], B'1010', g * 1.25, CASE WHEN g > 1 THEN 1 END
      FROM generate_series(1, 40) AS g;
    INSERT INTO public.referring SELECT g, g, 'said by Person' || g FROM generate_series(1, 40) AS g;
"""
AWKWARD_POLICY = """
tables:
  public.Awkward Table:
    columns: {id: keep, E-Mail: email, code: {script: {domain: code}}, nick: pseudonym, tags: pseudonym, bits: keep,
      amount: number, boss: keep}
  public.referring: {columns: {id: keep, awkward: keep, note: free_text}}
"""
AWKWARD_SCRIPT = {
    "a.sql": """
        UPDATE "Awkward Table" SET code = 'x' || id;
        UPDATE "Awkward Table" SET code = code || length(doubled) % 10 WHERE id % 2 = 0;
    """
}


@pytest.fixture
def twin(clone: Clone, superuser_conninfo: Callable[[str], str]) -> Iterator[Callable[[], Clone]]:
    """``twin()`` copies the clone as it is then."""
    name = f"{clone.database}_twin"

    def make() -> Clone:
        with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(clone.database), sql.Identifier(clone.login.username)
                )
            )
        return Clone(login=clone.login, database=name)

    yield make
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def mask(clone: Clone, policy: str, scripts: dict[str, str], *, copy_from_bytes: int) -> dict[str, list[Any]]:
    """Mask and verify; returns every table's rows as text."""
    catalogue, plan = clone.plan(policy, scripts)
    save_schema(clone.login, clone.database)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS, copy_from_bytes=copy_from_bytes)
    assert verify(clone.login, clone.database, catalogue, plan, KEYS).verification.verdict == "passed"
    found = {}
    for table in catalogue.tables:
        if table.kind == "r" and not table.row_security_forced:
            columns = [sql.SQL("{}::text").format(sql.Identifier(column.name)) for column in table.columns]
            query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(columns), rows_of(table))
            found[str(table)] = sorted(clone.rows(query.as_string(None)), key=repr)
    return found


def indexes(clone: Clone, table: str) -> int:
    return int(clone.value(f"SELECT count(*) FROM pg_index WHERE indrelid = '{table}'::regclass"))


def test_the_shop_has_the_same_rows_written_anew_or_updated(
    shop: Clone, shop_policy: str, twin: Callable[[], Clone]
) -> None:
    other = twin()
    anew = mask(shop, shop_policy, SCRIPT, copy_from_bytes=0)
    assert indexes(shop, "public.users") == 0
    assert anew == mask(other, shop_policy, SCRIPT, copy_from_bytes=NEVER)
    assert indexes(other, "public.users") > 0


def test_awkward_columns_have_the_same_values_written_anew_or_updated(
    clone: Clone, twin: Callable[[], Clone]
) -> None:
    """Generated ones, of domains, padded, dropped before; under a view, referred to by itself and others."""
    clone.execute(AWKWARD)
    other = twin()
    anew = mask(clone, AWKWARD_POLICY, AWKWARD_SCRIPT, copy_from_bytes=0)
    assert indexes(clone, 'public."Awkward Table"') == 0
    assert anew == mask(other, AWKWARD_POLICY, AWKWARD_SCRIPT, copy_from_bytes=NEVER)


VISITS = """
    CREATE TABLE public.visits (id int, who text, email varchar(60) UNIQUE, doc jsonb, at timestamptz, place point,
                                codes text[]);
    INSERT INTO public.visits
    SELECT g, 'p' || g % 7, 'p' || g || '@raw.example',
           jsonb_build_object('email', 'P' || g || '@raw.example', 'n', g, 'note', 'raw ' || g,
                              'calls', jsonb_build_array('212-736-' || 4999 + g)),
           timestamptz '2020-03-01 12:00+00' + g * interval '30 hours', point(g, 45), ARRAY['AB-' || g, NULL]
      FROM generate_series(1, 40) AS g;
"""
VISITS_POLICY = """
tables:
  public.visits:
    columns:
      id: keep
      who: pseudonym
      email: email
      doc:
        json: {paths: {$.email: email, $.n: {bucket: {width: 5}}, "$.calls[*]": phone}}
        when: id % 3 > 0
        otherwise: {json: {paths: {$.n: number}, default: {constant: gone}}}
      at: {date_shift: {subject: who}}
      place: geo_jitter
      codes: letters
"""
VISITS_SCRIPT = {
    "a.sql": """
        UPDATE visits SET doc = jsonb_set(doc, '{email}', to_jsonb(email)) WHERE id % 2 = 0;
        UPDATE visits SET who = upper(who) WHERE id % 5 > 0;
    """
}


def test_documents_and_a_subjects_dates_are_masked_alike_either_way(
    clone: Clone, twin: Callable[[], Clone]
) -> None:
    """On what the scripts left of them, in the statement that carries out the scripts too."""
    clone.execute(VISITS)
    other = twin()
    anew = mask(clone, VISITS_POLICY, VISITS_SCRIPT, copy_from_bytes=0)
    assert indexes(clone, "public.visits") == 0
    assert anew == mask(other, VISITS_POLICY, VISITS_SCRIPT, copy_from_bytes=NEVER)
    assert clone.value("SELECT count(*) FROM visits WHERE id % 6 IN (2, 4) AND doc ->> 'email' = email") == 14
    assert clone.value("SELECT count(*) FROM visits WHERE id % 3 = 0 AND doc ->> 'note' = 'gone'") == 13


#: Keys of two columns, a key to its own table, and two tables that refer to each other.
KEYED = """
    CREATE TABLE tenants (code text, ssn text, PRIMARY KEY (code, ssn));
    CREATE TABLE people (tenant text, ssn text, email text PRIMARY KEY, boss text REFERENCES people, best_order text,
                         FOREIGN KEY (tenant, ssn) REFERENCES tenants);
    CREATE TABLE orders (no text PRIMARY KEY, who varchar(60) REFERENCES people ON UPDATE CASCADE);
    ALTER TABLE people ADD FOREIGN KEY (best_order) REFERENCES orders (no) DEFERRABLE INITIALLY DEFERRED;
    INSERT INTO tenants SELECT 't' || i, (100000000 + i)::text FROM generate_series(1, 50) i;
    INSERT INTO people SELECT 't' || i, (100000000 + i)::text, 'p' || i || '@raw.example',
        CASE WHEN i > 1 THEN 'p' || i / 2 || '@raw.example' END FROM generate_series(1, 50) i;
    INSERT INTO orders SELECT 'o' || i, 'p' || i || '@raw.example' FROM generate_series(1, 50) i;
    UPDATE people SET best_order = 'o' || split_part(substr(email, 2), '@', 1);
"""
KEYED_POLICY = """
tables:
  tenants: {columns: {code: pseudonym, ssn: ssn}}
  people: {columns: {tenant: pseudonym, ssn: ssn, email: email, boss: email, best_order: {username: {domain: order}}}}
  orders: {columns: {no: {username: {domain: order}}, who: email}}
"""
KEYED_JOIN = """
    SELECT count(*) FROM people JOIN tenants ON (code, tenants.ssn) = (tenant, people.ssn)
      JOIN people AS bosses ON bosses.email = people.boss JOIN orders ON no = people.best_order AND who = people.email
"""


def test_masked_primary_and_foreign_keys_join_the_same_rows_written_anew_or_updated(
    clone: Clone, twin: Callable[[], Clone]
) -> None:
    clone.execute(KEYED)
    other = twin()
    anew = mask(clone, KEYED_POLICY, {}, copy_from_bytes=0)
    assert indexes(clone, "public.people") == 0
    assert anew == mask(other, KEYED_POLICY, {}, copy_from_bytes=NEVER)
    assert indexes(other, "public.people") == 1
    for masked in (clone, other):
        assert masked.value(KEYED_JOIN) == 49
        assert (
            masked.value("SELECT count(*) FROM people WHERE email LIKE '%raw%' OR tenant ~ '^t[0-9]+$'") == 0
        )


@pytest.mark.parametrize("copy_from_bytes", [0, NEVER])
@pytest.mark.parametrize(
    ("type_", "value"),
    [("varchar(3)", "'long'"), ("char(3)", "'long'"), ("bit(3)", "B'1010'"), ("numeric(3, 1)", "100")],
)
def test_a_value_that_is_too_long_is_refused_either_way(
    clone: Clone, type_: str, value: str, copy_from_bytes: int
) -> None:
    clone.execute(f"CREATE TABLE t (value {type_}); INSERT INTO t VALUES (NULL)")
    policy, script = "tables: {t: {columns: {value: {script: {domain: v}}}}}", f"UPDATE t SET value = {value}"
    with pytest.raises(DatabaseError, match="SQLSTATE 22"):
        mask(clone, policy, {"a.sql": script}, copy_from_bytes=copy_from_bytes)


@pytest.mark.parametrize("copy_from_bytes", [0, NEVER])
def test_blanks_that_are_too_many_are_cut_either_way(clone: Clone, copy_from_bytes: int) -> None:
    clone.execute("CREATE TABLE t (value varchar(3)); INSERT INTO t VALUES (NULL)")
    policy, script = "tables: {t: {columns: {value: {script: {domain: v}}}}}", "UPDATE t SET value = 'ab    '"
    assert mask(clone, policy, {"a.sql": script}, copy_from_bytes=copy_from_bytes) == {"public.t": [("ab ",)]}


def test_without_a_saved_schema_no_table_loses_its_keys(shop: Clone, shop_policy: str) -> None:
    catalogue, plan = shop.plan(shop_policy, SCRIPT)
    before = indexes(shop, "public.users")
    rewrite(shop.login, shop.database, catalogue, plan, KEYS, copy_from_bytes=0)
    assert indexes(shop, "public.users") == before > 0


@pytest.mark.parametrize("cut_at", ["copy", "replace_by_copy"])
def test_a_step_that_was_cut_off_goes_on_where_it_stopped(
    shop: Clone, shop_policy: str, monkeypatch: pytest.MonkeyPatch, cut_at: str
) -> None:
    catalogue, plan = shop.plan(shop_policy, SCRIPT)
    save_schema(shop.login, shop.database)
    whole, calls = getattr(table_copies, cut_at), 0

    def cut_off(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionError
        return whole(*arguments)

    def run(keys: MaskingKeys = KEYS) -> None:
        rewrite(shop.login, shop.database, catalogue, plan, keys, copy_from_bytes=0)

    monkeypatch.setattr(table_copies, cut_at, cut_off)
    with pytest.raises(ConnectionError):
        run()
    monkeypatch.undo()
    run()
    assert shop.value("SELECT ssn FROM users WHERE id = 7") == "XXX-XX-0007-7"
    assert verify(shop.login, shop.database, catalogue, plan, KEYS).verification.verdict == "passed"


PEOPLE = """
    CREATE TABLE people (id int PRIMARY KEY, ssn text UNIQUE, first text, city varchar(30), born date, filler text);
    INSERT INTO people SELECT g, lpad(g::text, 3, '0') || '-45-6789',
        CASE WHEN g % 7 > 0 THEN (ARRAY['Ann', 'ANN', 'Óscar', ''])[g % 4 + 1] END, 'Town ' || g % 5,
        date '1970-01-01' + g % 9, repeat('filler ', 20) FROM generate_series(1, 600) AS g;
    ANALYZE people;
"""
PEOPLE_POLICY = """
tables:
  people: {columns: {id: keep, ssn: ssn, first: first_name, city: city, born: date_of_birth, filler: keep}}
"""


def test_values_that_repeat_are_masked_once_and_alike(clone: Clone, twin: Callable[[], Clone]) -> None:
    clone.execute(PEOPLE)
    other = twin()
    _, plan = clone.plan(PEOPLE_POLICY)
    (table,) = plan.tables
    (((first,),),) = [stage.passes for stage in plan.stages]
    uses = [column.use for column in table.masked if column.use is not None]
    assert repeating_columns(table.table, first, uses) == ("first", "city", "born")
    anew = mask(clone, PEOPLE_POLICY, {}, copy_from_bytes=0)
    assert indexes(clone, "public.people") == 0
    assert anew == mask(other, PEOPLE_POLICY, {}, copy_from_bytes=NEVER)
    assert clone.value("SELECT count(*) FROM people WHERE first IS NULL") == 85
    assert clone.value("SELECT count(*) FROM pg_class WHERE relname LIKE '%masks%'") == 0


def test_a_large_table_is_written_by_ranges_of_its_pages(
    clone: Clone, twin: Callable[[], Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_copies, "_PAGES_AT_LEAST", 2)
    clone.execute(PEOPLE)
    other = twin()
    anew = mask(clone, PEOPLE_POLICY, {}, copy_from_bytes=0)
    assert clone.value("SELECT count(*) FROM refresh_mask.progress WHERE step LIKE '%pages%'") > 3
    assert anew == mask(other, PEOPLE_POLICY, {}, copy_from_bytes=NEVER)


def test_ranges_that_were_cut_off_go_on_where_they_stopped(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_copies, "_PAGES_AT_LEAST", 2)
    clone.execute(PEOPLE)
    catalogue, plan = clone.plan(PEOPLE_POLICY)
    save_schema(clone.login, clone.database)
    whole: Callable[..., sql.Composed] = getattr(table_copies, "copy_pages")  # noqa: B009 (imported, not exported)
    calls = 0

    def cut_off(*arguments: Any) -> sql.Composed:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionError
        return whole(*arguments)

    def run() -> None:
        rewrite(clone.login, clone.database, catalogue, plan, KEYS, copy_from_bytes=0)

    monkeypatch.setattr(table_copies, "copy_pages", cut_off)
    with pytest.raises(ConnectionError):
        run()
    run()
    assert verify(clone.login, clone.database, catalogue, plan, KEYS).verification.verdict == "passed"
    assert clone.value("SELECT count(DISTINCT ssn) FROM people WHERE ssn ~ '^9'") == 600


def test_a_large_table_whose_rules_are_disabled_while_its_values_get_slots_is_begun_after_that(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_copies, "_PAGES_AT_LEAST", 2)
    monkeypatch.setitem(masking_session._SETTINGS, "lock_timeout", "500ms")
    clone.execute(
        f"{PEOPLE}; CREATE RULE watch AS ON UPDATE TO people WHERE false DO INSTEAD NOTHING;"
        "ALTER TABLE people ENABLE ALWAYS RULE watch"
    )
    catalogue, plan = clone.plan(PEOPLE_POLICY)
    save_schema(clone.login, clone.database)
    settle = slots._settle

    def slowly(*arguments: Any) -> None:
        sleep(1.5)
        settle(*arguments)

    monkeypatch.setattr(slots, "_settle", slowly)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS, copy_from_bytes=0)
    assert verify(clone.login, clone.database, catalogue, plan, KEYS).verification.verdict == "passed"


def test_a_run_says_how_many_rows_and_bytes_are_done_of_how_many(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_copies, "_PAGES_AT_LEAST", 2)
    monkeypatch.setattr(masking_progress, "_EVERY_S", 0)
    clone.execute(f"{PEOPLE}; CREATE TABLE small (note text); INSERT INTO small VALUES ('x'); ANALYZE small")
    catalogue, plan = clone.plan(f"{PEOPLE_POLICY}  small: {{columns: {{note: free_text}}}}")
    save_schema(clone.login, clone.database)
    said: list[str] = []
    rewrite(clone.login, clone.database, catalogue, plan, KEYS, copy_from_bytes=0, say=said.append)
    numbers = [re.fullmatch(r"Masked about ([\d,]+) of 601 rows, .+ of [\d.]+ kB", line) for line in said]
    done = [int(found[1].replace(",", "")) for found in numbers if found is not None]
    assert len(done) == len(said) > 4
    assert done == sorted(done)
    assert (done[0], done[-1]) == (1, 601)


@pytest.mark.parametrize("column", ["old people", "old people[]", "old remembered"])
def test_a_table_whose_rows_another_one_holds_is_updated_in_place(clone: Clone, column: str) -> None:
    """Dropped for its copy, it would take that column along."""
    clone.execute(f"{PEOPLE}; CREATE DOMAIN remembered AS people; CREATE TABLE audit (id int, {column})")
    clone.execute("INSERT INTO audit (id) VALUES (1)")
    policy = f"{PEOPLE_POLICY}  audit: {{columns: {{id: keep, old: 'null'}}}}"
    found = mask(clone, policy, {}, copy_from_bytes=0)
    assert found["public.audit"] == [("1", None)]
    assert indexes(clone, "public.people") == 2
