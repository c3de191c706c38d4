"""What would only fail in the middle of the pass fails before it, with table, column, constraint and remedy."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from contracts.errors import PolicyInvalid
from tasks.postgres.quarantine import quarantine
from tasks.postgres.rehearsal import rehearse
from tests.integration.masking.conftest import KEYS, Clone


def tried(clone: Clone, policy: str, scripts: dict[str, str] | None = None) -> int:
    quarantine(clone.login, clone.database)
    catalogue, plan = clone.plan(policy, scripts)
    return rehearse(clone.login, clone.database, catalogue, plan, KEYS)[0]


def refused(clone: Clone, policy: str, scripts: dict[str, str] | None = None) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        tried(clone, policy, scripts)
    assert caught.value.__cause__ is None
    return str(caught.value)


#: Column v of a table of its own, what its rows hold, its rule, and what is said of it.
UNFIT = [
    (
        "v text CONSTRAINT ours CHECK (v LIKE '%@corp.example')",
        "'p' || i || '@corp.example'",
        "full_name",
        "masker full_name gives a value that CHECK ours refuses. Use constant",
    ),
    (
        "v text CONSTRAINT shouting CHECK (v = upper(v))",
        "'P' || i",
        "{sql: lower(v)}",
        "masker sql gives a value that CHECK shouting refuses",
    ),
    (
        "v public.code",
        "'AB-' || i",
        "free_text",
        "masker free_text gives a value that CHECK code_check of domain public.code refuses",
    ),
    (
        "v numeric(4, 2)",
        "i / 10.0",
        "{sql: v * 1000}",
        "masker sql gives a number that numeric(4,2) can't hold. Use another masker",
    ),
    (
        "v mood",
        "'sad'",
        "{sql: \"('hun' || 'gry')::public.mood\"}",
        "masker sql gives what is no value of public.mood",
    ),
    ("v int", "i", "{sql: \"('ma' || 'ny')::int\"}", "masker sql gives what is no value of integer"),
    (
        "v date",
        "'2001-02-03'::date",
        "{constant: '2001-02-30'}",
        "masker constant gives what is no value of date",
    ),
    (
        "v text NOT NULL",
        "'x'",
        "{sql: \"nullif(v, 'x')\"}",
        "masker sql gives NULL, and the column is NOT NULL",
    ),
    ("v present", "'x'", "{sql: \"nullif(v, 'x')\"}", "masker sql gives NULL, and the column is NOT NULL"),
    (
        "v varchar(5)",
        "'12345'",
        "{sql: v || v}",
        "masker sql gives a text that character varying(5) is too narrow for",
    ),
    (
        "v varchar(16)",
        "'2a00::' || i",
        "ip",
        "masker ip gives a text that character varying(16) is too narrow for",
    ),
    (
        "v int",
        "i",
        "{sql: 1 / (v - v)}",
        "masker sql fails with DivisionByZero (SQLSTATE 22012). Mend its SQL",
    ),
    ("v text", "'x'", "{sql: nosuch(v)}", "masker sql fails with UndefinedFunction (SQLSTATE 42883)"),
    (
        "v text, w int GENERATED ALWAYS AS (length(v) / (length(v) - 2)) STORED",
        "'x'",
        "{constant: xx}",
        "masker constant fails with DivisionByZero",
    ),
]


def test_every_mask_that_its_column_refuses_is_named_and_nothing_changes(clone: Clone) -> None:
    clone.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'glad');"
        "CREATE DOMAIN present AS text NOT NULL;"
        "CREATE DOMAIN code AS varchar(20) CHECK (VALUE ~ '^[A-Z]{2}-[0-9]+$')"
    )
    policy = "tables:\n"
    for place, (definition, raw, rule, _) in enumerate(UNFIT):
        clone.execute(f"CREATE TABLE t{place} ({definition})")
        clone.execute(f"INSERT INTO t{place} (v) SELECT {raw} FROM generate_series(1, 100) i")
        policy += f"  t{place}: {{columns: {{v: {rule}}}}}\n"
    before = [clone.rows(f"SELECT ctid::text, v::text FROM t{place}") for place in range(len(UNFIT))]
    message = refused(clone, policy)
    for place, (*_, expected) in enumerate(UNFIT):
        assert f"column public.t{place}.v: {expected}" in message
    assert message.count("column public.") == len(UNFIT)
    assert [clone.rows(f"SELECT ctid::text, v::text FROM t{place}") for place in range(len(UNFIT))] == before
    assert clone.value("SELECT to_regclass('refresh_mask.progress')") is None


def test_all_is_told_at_once_and_no_value(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (a text CONSTRAINT a_is_long CHECK (length(a) > 30), b int, c text,"
        " CONSTRAINT b_and_c CHECK (c <> 'Lorem' OR b > 10));"
        "CREATE TABLE u (d varchar(3));"
        "INSERT INTO t SELECT repeat('secret ', 9), i, 'right' FROM generate_series(1, 9) i;"
        "INSERT INTO u VALUES ('raw')"
    )
    message = refused(
        clone,
        "tables: {t: {columns: {a: full_name, b: number, c: free_text}}, u: {columns: {d: {sql: d || 'tail'}}}}",
    )
    assert "3 rules don't fit" in message
    assert "column public.t.a: masker full_name gives a value that CHECK a_is_long refuses" in message
    assert "column public.t.c: masker free_text gives a value that CHECK b_and_c refuses" in message
    assert "column public.u.d: masker sql gives a text that character varying(3) is too narrow for" in message
    assert "secret" not in message
    assert "rawtail" not in message


def test_an_index_that_cannot_be_computed_of_the_masks_is_named(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (v text); INSERT INTO t VALUES ('12'); CREATE INDEX by_number ON t ((v::int))"
    )
    message = refused(clone, "tables: {t: {columns: {v: pseudonym}}}")
    assert "column public.t.v: index by_number can't be computed of what masker pseudonym gives" in message


#: Unique indexes that tell the raw rows apart; and whose keys aren't distinct of the masks, or are.
KEYS_THAT_MEET = {
    "(split_part(v, '@', 2))": "column public.t0.v: masker email",
    '("left"(w, 1))': "column public.t1.w: masker full_name",
    "(lower(split_part(v, '@', 2)), ascii(w)) WHERE w <> ''": (
        "columns public.t2.v, public.t2.w: masker email, full_name"
    ),
    "(nullif(split_part(v, '@', 2), 'example.com')) NULLS NOT DISTINCT": "column public.t3.v: masker email",
    "(host)": "column public.t4.v: masker email",
}
KEYS_APART = [
    "(lower(v))",
    "(md5(v), lower(w))",
    "(split_part(v, '@', 2), id)",
    "(nullif(split_part(v, '@', 2), 'example.com'))",
    "(split_part(v, '@', 2)) WHERE v LIKE '%.example'",
    "(lower(phone))",
]


def _with_index(clone: Clone, indexes: Iterable[str]) -> str:
    """Make a table for each unique index, and their policy."""
    policy = "tables:\n"
    for place, index in enumerate(indexes):
        clone.execute(
            f"CREATE TABLE t{place} (id int, v text, w text, phone varchar(7),"
            " host text GENERATED ALWAYS AS (split_part(v, '@', 2)) STORED, filler char(900) DEFAULT '');"
            f"INSERT INTO t{place} SELECT i, 'p@' || i || '.example', chr(300 + i), '7361' || lpad(i::text, 3, '0')"
            " FROM generate_series(1, 90) i;"
            f"CREATE UNIQUE INDEX ours_{place} ON t{place} {index}"
        )
        policy += (
            f"  t{place}: {{columns: {{id: keep, v: email, w: full_name, phone: phone, filler: keep}}}}\n"
        )
    return policy


def test_an_expression_of_a_unique_index_that_makes_masks_equal_is_named(clone: Clone) -> None:
    message = refused(clone, _with_index(clone, KEYS_THAT_MEET))
    for place, found in enumerate(KEYS_THAT_MEET.values()):
        said = f"{found} gives several rows one key of unique index ours_{place}, whose expression leaves out what"
        assert said in message
    assert "gives the index distinct keys" in message
    assert message.count("unique index ours_") == len(KEYS_THAT_MEET)


def test_unique_keys_that_stay_distinct_are_no_matter(clone: Clone) -> None:
    policy = _with_index(clone, KEYS_APART)
    assert tried(clone, policy) == len(KEYS_APART)
    clone.mask(policy)


def test_equal_keys_are_no_matter_where_the_pass_may_give_others(clone: Clone) -> None:
    """Slots are settled in whole columns, a where may leave out one of two rows, and a script knows what it does."""
    by_host = "(split_part(v, '@', 2))"
    _with_index(clone, [by_host, by_host, '("right"(phone, 2))'])
    policy = """
tables:
  t0: {where: id < 2, columns: {id: keep, v: email, w: keep, phone: keep, filler: keep}}
  t1: {columns: {id: keep, v: {script: {domain: v}}, w: keep, phone: keep, filler: keep}}
  t2: {columns: {id: keep, v: keep, w: keep, phone: phone, filler: keep}}
"""
    assert tried(clone, policy, {"1.sql": "UPDATE t1 SET v = 'x@y.example'"}) == 3


def test_a_masked_partition_key_without_a_partition_is_named(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, born date) PARTITION BY RANGE (born);"
        "CREATE TABLE t_a PARTITION OF t FOR VALUES FROM ('2000-01-01') TO ('2000-02-01');"
        "INSERT INTO t (born) SELECT DATE '2000-01-01' + i FROM generate_series(0, 20) i"
    )
    message = refused(clone, "tables: {t: {columns: {id: keep, born: date_of_birth}}}")
    assert (
        "column public.t.born: masker date_of_birth gives a partition key for which there is no partition"
        in message
    )
    clone.execute("CREATE TABLE t_b PARTITION OF t DEFAULT")
    assert tried(clone, "tables: {t: {columns: {id: keep, born: date_of_birth}}}") == 1


def test_a_where_that_does_not_run_is_named(clone: Clone) -> None:
    wheres = {
        "nosuch > 5": "its where doesn't run: UndefinedColumn",
        "id": "its where doesn't run: DatatypeMismatch",
        "id / (id - id) > 1": "its where fails with DivisionByZero",
    }
    policy = "tables:\n"
    for place, where in enumerate(wheres):
        clone.execute(f"CREATE TABLE t{place} (id int, v int); INSERT INTO t{place} VALUES (1, 1)")
        policy += f"  t{place}: {{where: '{where}', columns: {{id: keep, v: {{sql: v / 2}}}}}}\n"
    message = refused(clone, policy)
    for place, expected in enumerate(wheres.values()):
        assert f"table public.t{place}: {expected}" in message


def test_rows_that_a_where_leaves_out_and_rare_ones_are_not_judged(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (id int, v varchar(5)); INSERT INTO t SELECT i, 'ab' FROM generate_series(1, 500) i;"
        "INSERT INTO t SELECT i, 'abcde' FROM generate_series(501, 1000) i"
    )
    assert tried(clone, "tables: {t: {where: id <= 500, columns: {id: keep, v: {sql: v || v}}}}") == 1


def test_a_statement_that_runs_as_written_is_planned_and_not_run(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'a')")
    policy = "tables: {t: {columns: {id: keep, v: {script: {domain: v}}}}}"
    whole = "UPDATE t SET v = 'masked'; DELETE FROM t WHERE {} = 1"
    assert "masking/1.sql:1:28: this statement doesn't run: UndefinedColumn" in refused(
        clone, policy, {"1.sql": whole.format("no")}
    )
    tried(clone, policy, {"1.sql": whole.format("id")})
    assert clone.rows("SELECT * FROM t") == [(1, "a")]


def test_distinct_slots_row_security_and_triggers_are_no_obstacle(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (phone varchar(7) UNIQUE, v text CHECK (v <> ''));"
        "INSERT INTO t SELECT '7361' || lpad(i::text, 3, '0'), 'x' FROM generate_series(1, 90) i;"
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;"
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        "CREATE TRIGGER no BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no();"
        "ALTER TABLE t ENABLE ALWAYS TRIGGER no"
    )
    assert tried(clone, "tables: {t: {columns: {phone: phone, v: free_text}}}") == 1
    assert clone.value("SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'no'") == "A"
    assert clone.value("SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'")


#: Masker and values of a unique column, which would get one mask, or which get their own.
TWINS = [
    ("ssn", ["123&456789", "123%456789"]),
    ("ssn", ["A123456789", "a123456789"]),
    ("ssn", ["n/a", "m/b"]),
    ("phone", ["tel 310 555 1234", "cel 310 555 1234"]),
    ("card_number", ["4539&148803436467", "4539%148803436467"]),
]
NO_TWINS = [
    ("ssn", ["A123456789", "B123456789", "123-456789", "123456789", "", "n/a"]),
    ("phone", ["tel 310 555 1234", "cel 310 555 1235", "+3105551234", "3105551234", "(310) 555-1234", "x"]),
]


def _unique(clone: Clone, columns: list[tuple[str, list[str]]]) -> str:
    """Make a table of such columns, each with two thousand usual values besides, and its policy."""
    names = [f"v{number}" for number in range(len(columns))]
    clone.execute(f"CREATE TABLE t ({', '.join(f'{name} text UNIQUE' for name in names)}, w text)")
    usual = ", ".join(["6000000000 + i"] * len(names))
    clone.execute(f"INSERT INTO t SELECT {usual}, 'x' FROM generate_series(1, 2000) i")
    for name, (_, values) in zip(names, columns, strict=True):
        clone.execute(f"INSERT INTO t ({name}, w) SELECT unnest(ARRAY{values}), unnest(ARRAY{values})")
    rules = ", ".join(f"{name}: {masker}" for name, (masker, _) in zip(names, columns, strict=True))
    return f"tables: {{t: {{columns: {{{rules}, w: phone}}}}}}"


def test_values_of_a_unique_column_that_would_get_one_mask_are_told(clone: Clone) -> None:
    said = refused(clone, _unique(clone, TWINS))
    for number, (masker, values) in enumerate(TWINS):
        assert f"column public.t.v{number}: it is unique, and values differ only in letters or signs" in said
        assert f"for which masker {masker} writes x" in said
        assert values[0] not in said
    assert "public.t.w" not in said


def test_values_that_get_masks_of_their_own_are_no_matter(clone: Clone) -> None:
    clone.mask(_unique(clone, NO_TWINS))
    for number in range(len(NO_TWINS)):
        assert clone.value(f"SELECT count(DISTINCT v{number}) FROM t") == 2006


def test_few_pages_of_a_table_are_read(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (v text CHECK (v <> '')); INSERT INTO t SELECT repeat('x', 900) FROM generate_series(1, 20000)"
    )
    pages = "SELECT heap_blks_read + heap_blks_hit FROM pg_statio_user_tables WHERE relname = 't'"
    clone.execute("SELECT pg_stat_force_next_flush()")
    before = clone.value(pages)
    assert tried(clone, "tables: {t: {columns: {v: free_text}}}") == 1
    assert clone.value(pages) - before < 100
