"""Fused scripts give exactly what running them one after another gives.

``FUSING_EXAMPLES=5000`` (with ``--timeout=0``) tries more scripts than a test run has time for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from contracts.errors import DatabaseError
from masking.catalogue import Catalogue
from masking.maskers.masker import as_written
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.statements.passes import update
from masking.syntax.expressions import Call
from masking.syntax.volatility import is_volatile
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.masking_session import Connection, look_names_up_as_planned, masking_session
from tasks.postgres.script_check import analyse_scripts
from tests.integration.masking.conftest import Clone

EXAMPLES = int(os.environ.get("FUSING_EXAMPLES", "60"))
SCHEMA = """
CREATE SEQUENCE seq;
CREATE DOMAIN code AS varchar(6) CHECK (VALUE <> 'bad');
CREATE TABLE t (
    id int, a text, b text, v varchar(5), c char(4), n int, m numeric(5, 1), d code, w varchar(4)[], k text COLLATE "C",
    e text NOT NULL,
    g text GENERATED ALWAYS AS (upper(a) || coalesce(n, 0)) STORED,
    h varchar(9) GENERATED ALWAYS AS (left(b, 3) || c) STORED,
    CHECK (n + length(b) < 900)
);
CREATE TABLE u (id int, a text, n int, v varchar(5), UNIQUE (id, n));
INSERT INTO t (id, a, b, v, c, n, m, d, w, k, e)
SELECT i, 'a' || i, CASE WHEN i % 2 = 0 THEN 'Zz' || i END, left('vwxyz', i), 'c' || i, nullif(i, 3) - 2, i * 1.5,
       CASE WHEN i <> 4 THEN 'd' || i END, ARRAY['w' || i], 'Kk' || i, 'e' || i
  FROM generate_series(1, 5) i;
INSERT INTO u SELECT i, 'u' || i, i, CASE WHEN i <> 2 THEN 'v' || i END FROM generate_series(1, 4) i;
"""
COLUMNS = {"t": "id a b v c n m d w k e", "u": "id a n v"}
#: All columns may be read and written: which may is another question.
POLICY = "\n".join(
    ["tables:"]
    + [
        f"  {table}: {{columns: {{{', '.join(f'{name}: {{keep: x}}' for name in names.split())}}}}}"
        for table, names in COLUMNS.items()
    ]
)

TEXTS = {"t": ("a", "b", "v", "c", "d", "k", "e", "g", "h"), "u": ("a", "v")}
NUMBERS = {"t": ("id", "n", "m"), "u": ("id", "n")}
#: How often it was called shows in the sequence; in which order, nobody says.
CALL = "(nextval('seq') * 0)"
TARGETS = {"t": ("a", "b", "v", "c", "d", "k", "e"), "u": ("a", "v")}


@cache  # made anew, strategies are most of the time
def texts(table: str) -> st.SearchStrategy[str]:
    column = st.sampled_from(TEXTS[table])
    leaf = column | st.sampled_from(["'x'", "'bad'", "NULL", "'Long one'", f"{table}.a", "''"])
    number = numbers(table)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(" || ".join).map("({})".format),
            st.tuples(st.sampled_from(["lower", "upper", "trim", "md5", "quote_nullable"]), inner).map(
                lambda found: f"{found[0]}({found[1]})"
            ),
            inner.map("left({}, 3)".format),
            st.tuples(inner, inner).map(lambda found: f"coalesce({found[0]}, {found[1]})"),
            st.tuples(conditions(table), inner, inner).map(
                lambda found: f"CASE WHEN {found[0]} THEN {found[1]} ELSE {found[2]} END"
            ),
            st.tuples(inner, number).map(lambda found: f"concat({found[0]}, {found[1]})"),
            inner.map("({})::varchar(3)".format),
            inner.map("nullif({}, 'x')".format),
        ),
        max_leaves=4,
    )


@cache
def numbers(table: str) -> st.SearchStrategy[str]:
    column = st.sampled_from(NUMBERS[table])
    return st.one_of(
        column,
        st.sampled_from(["0", "7", "NULL", "70000 * 3"]),
        column.map("{} + 1".format),
        column.map("{} / 2".format),
        st.tuples(column, column).map(lambda found: f"{found[0]} / {found[1]}"),
        st.sampled_from(TEXTS[table]).map("length({})".format),
    )


@cache
def conditions(table: str) -> st.SearchStrategy[str]:
    column = st.sampled_from(TEXTS[table])
    return st.one_of(
        st.sampled_from(["id > 2", "id = 3", "id < 0", "n IS NULL", f"{table}.id IN (1, 4)", "1 / n > 0"]),
        column.map("{} IS NULL".format),
        column.map("{} > 'm'".format),
        column.map("{} LIKE 'a%'".format),
        st.tuples(column, column).map(lambda found: f"{found[0]} = {found[1]} OR id = 1"),
        numbers(table).map("{} > 2".format),
    )


@st.composite
def updates(draw: st.DrawFn) -> str:
    table = draw(st.sampled_from(["t", "t", "t", "u"]))
    names = draw(st.lists(st.sampled_from((*TARGETS[table], "n")), min_size=1, max_size=3, unique=True))
    assigned = []
    for name in names:
        value = draw(numbers(table) if name == "n" else texts(table))
        if name == "a" and draw(st.integers(0, 7)) == 0:
            value = draw(st.sampled_from([CALL, f"{CALL} || coalesce(a, '')"]))
        assigned.append(f"{name} = {value}")
    if table == "t" and draw(st.integers(0, 9)) == 0:
        assigned.append(draw(st.sampled_from(["m = n + 0.05", "m = m * m", "w = w || 'zz'", "w = ARRAY[a]"])))
    where = f" WHERE {draw(conditions(table))}" if draw(st.booleans()) else ""
    return f"UPDATE {table} SET {', '.join(assigned)}{where}"


BARRIERS = st.sampled_from(
    [
        "UPDATE t SET a = u.a FROM u WHERE u.id = t.id",
        "UPDATE t SET b = o.v FROM u o WHERE o.n = t.n",
        "UPDATE t SET k = (SELECT max(v) FROM u)",
        "UPDATE u SET v = (SELECT max(h) FROM t WHERE t.id = u.id)",
        "UPDATE u SET a = t.e FROM t NATURAL JOIN (SELECT 1 AS one) z WHERE t.id = u.id",
        "UPDATE u SET n = t.n FROM t WHERE t.id = u.id AND t.g > 'A'",
        "DELETE FROM t WHERE id = 2",
        "DELETE FROM u WHERE n > 3",
        "DELETE FROM t USING u WHERE u.v = t.a",
        "INSERT INTO u SELECT id + 100, b, n, left(v, 5) FROM t WHERE b IS NOT NULL",
        (
            "MERGE INTO u USING t ON u.id = t.id WHEN MATCHED AND t.b IS NULL THEN DELETE"
            " WHEN MATCHED THEN UPDATE SET a = t.b"
        ),
        "WITH w AS (SELECT id, a FROM u) UPDATE t SET e = w.a FROM w WHERE w.id = t.id",
        "UPDATE t SET w[1] = b",
        "UPDATE t SET (a, b) = (b, a)",
        "UPDATE t SET b = row_to_json(t)::text",
        "UPDATE u SET n = n + 1 WHERE random() >= 0",
    ]
)
SCRIPTS = st.lists(st.one_of(updates(), updates(), updates(), updates(), BARRIERS), min_size=1, max_size=6)

#: What the state between two statements may break, and the last one mends.
HELD_AT_THE_END = ("23502", "23505", "23514")


class Database:
    """Runs a script in both ways, and leaves nothing."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self.connection, self.catalogue = connection, catalogue

    def outcome(self, statements: Iterable[sql.SQL | sql.Composed]) -> tuple[str | None, list[Any]]:
        """The error's SQLSTATE, or what the tables hold then."""
        self.connection.execute("BEGIN")
        try:
            look_names_up_as_planned(self.connection)
            self.connection.execute("SELECT setval('seq', 1)")
            for statement in statements:
                self.connection.execute(statement)
            return None, [
                self.connection.execute(query).fetchall()
                for query in (
                    "SELECT t::text FROM t ORDER BY id",
                    "SELECT u::text FROM u ORDER BY id, a, n, v",
                )
            ]
        except psycopg.Error as error:
            held = error.sqlstate == "23514" and error.diag.datatype_name
            return "domain" if held else error.sqlstate, []
        finally:
            self.connection.execute("ROLLBACK")

    def fused(self, script: Sequence[str]) -> list[sql.SQL | sql.Composed]:
        """The statements that a plan of the script runs."""
        policy = parse_policy(POLICY, {"s.sql": ";\n".join(script)})
        plan = make_plan(self.catalogue, policy)
        analyse_scripts(self.connection, policy.statements)
        found: list[sql.SQL | sql.Composed] = []
        for stage in plan.stages:
            for passes in stage.passes:
                found += [update(one, self.catalogue.tables_by_id[one.table]) for one in passes]
            if stage.barrier is not None:
                found.append(as_written(stage.barrier.statement.text))
        return found

    def check(self, script: Sequence[str]) -> None:
        error, plain = self.outcome([as_written(statement) for statement in script])
        try:
            fused = self.fused(script)
        except DatabaseError:
            assert error is not None
            return
        assert len(fused) <= len(script)
        other_error, rows = self.outcome(fused)
        shown = [one.as_string(None) for one in fused]
        if error is None:
            assert (other_error, rows) == (None, plain), shown
        elif error not in HELD_AT_THE_END:
            assert other_error is not None, (error, shown)


@pytest.fixture
def database_of_scripts(clone: Clone) -> Iterator[Database]:
    clone.execute(SCHEMA)
    with masking_session(clone.login, clone.database, doing="testing") as connection:
        yield Database(connection, read_catalogue(clone.login, clone.database))


@pytest.mark.parametrize(
    ("script", "passes"),
    [
        # Each in one pass, and each once wrong in a way that only this data shows.
        (["UPDATE t SET v = 'Long one'", "UPDATE t SET v = 'x'"], 1),
        (["UPDATE t SET d = 'bad'", "UPDATE t SET d = 'x' WHERE id > 2"], 1),
        (["UPDATE t SET c = 'ab'", "UPDATE t SET a = c || '|'", "UPDATE t SET v = '[' || h || ']'"], 1),
        (["UPDATE t SET a = 'Q', n = 5", "UPDATE t SET b = g"], 1),
        (["UPDATE t SET n = 0", "UPDATE t SET m = 1 / n WHERE id < 0"], 1),
        (["UPDATE t SET n = coalesce(0, n)", "UPDATE t SET m = 1 / n WHERE id < 0"], 1),
        (["UPDATE t SET v = coalesce('x', a)", "UPDATE t SET v = 'Long one' WHERE v IS NULL"], 1),
        (["UPDATE t SET m = 7.25", "UPDATE t SET a = m"], 1),
        (["UPDATE t SET a = NULL", "UPDATE t SET a = coalesce(a, b) || lower(a)"], 1),
        (["UPDATE t SET a = b, b = a", "UPDATE t SET a = b, b = a WHERE id <> 3"], 1),
        # No expression says these.
        (["UPDATE t SET k = 'a'", "UPDATE t SET v = 'x' WHERE k < 'B'"], 2),
        ([f"UPDATE t SET a = {CALL}", "UPDATE t SET b = a"], 2),
        ([f"UPDATE t SET a = {CALL}", f"UPDATE t SET b = {CALL}"], 2),
        (["UPDATE t SET w = ARRAY['x']", "UPDATE t SET a = w[1]"], 2),
        # A barrier that touches something else is crossed.
        (["UPDATE t SET a = 'x'", "UPDATE u SET a = t.e FROM t WHERE t.id = u.id", "UPDATE t SET b = a"], 1),
        (["UPDATE t SET a = 'x'", "UPDATE u SET a = t.e FROM t WHERE t.id = u.id", "UPDATE t SET e = a"], 2),
        (["UPDATE t SET a = 'x'", "UPDATE t SET e = u.a FROM u WHERE t.id = u.id", "UPDATE t SET b = e"], 2),
        (["UPDATE t SET a = 'x'", "DELETE FROM t WHERE id = 2", "UPDATE t SET b = 'y'"], 2),
        # n and b are in one CHECK: in the other order, a state in between may break it.
        (
            ["UPDATE t SET a = 'x'", "UPDATE t SET n = u.n FROM u WHERE t.id = u.id", "UPDATE t SET b = 'y'"],
            2,
        ),
    ],
)
def test_how_many_passes_a_script_needs(
    database_of_scripts: Database, script: list[str], passes: int
) -> None:
    database_of_scripts.check(script)
    plan = make_plan(database_of_scripts.catalogue, parse_policy(POLICY, {"s.sql": ";".join(script)}))
    assert sum(len(found) for stage in plan.stages for found in stage.passes) == passes


def test_functions_that_give_something_else_each_time_are_all_known(clone: Clone) -> None:
    clone.execute("CREATE EXTENSION pgcrypto")
    found = clone.rows(
        "SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' AND prokind = 'f'"
        " AND NOT (prorettype = ANY ('{trigger,event_trigger,internal}'::regtype[]))"
        " AND NOT ('internal'::regtype = ANY (proargtypes))"
    )
    unknown = {name for (name,) in found if not is_volatile([Call(schema=None, name=name)])}
    assert not unknown
    for steady in (
        "concat",
        "lower",
        "left",
        "now",
        "pg_typeof",
        "localtimestamp",
        "log",
        "md5",
        "format",
        "to_char",
    ):
        assert not is_volatile([Call(schema=None, name=steady)])


def test_fused_scripts_give_what_running_them_in_turn_gives(database_of_scripts: Database) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="FUSING_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(script=SCRIPTS)
    def check(script: list[str]) -> None:
        database_of_scripts.check(script)

    check()
