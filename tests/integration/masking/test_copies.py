"""No raw value reaches another column by way of a script, a rule or a generated column."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.errors import PolicyInvalid, Unclassified
from tests.integration.masking.conftest import Clone

PEOPLE = """
    CREATE TABLE u (
        id int PRIMARY KEY, first text, last text, nick text,
        full_name text GENERATED ALWAYS AS (first || ' ' || last) STORED
    );
    INSERT INTO u (id, first, last, nick)
        SELECT i, 'Alice' || i, 'Liddell' || i, 'n' || i FROM generate_series(1, 5) i
"""


def test_rules_that_read_one_another_are_each_made_of_masks(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE u (id int, email text, login text, handle text);"
        "INSERT INTO u SELECT i, 'alice' || i || '@corp.test', 'alice' || i, 'h' || i FROM generate_series(1, 5) i"
    )
    clone.mask(
        """
        tables:
          u:
            columns:
              id: keep
              email: email
              login: {sql: "split_part(email, '@', 1)"}
              handle: {sql: "'@' || login"}
        """
    )
    assert clone.value("SELECT count(*) FROM u WHERE concat(email, login, handle) LIKE '%alice%'") == 0
    assert clone.value("SELECT count(*) FROM u WHERE handle = '@' || split_part(email, '@', 1)") == 5


def test_a_rule_that_reads_a_generated_column_is_made_of_masks(clone: Clone) -> None:
    clone.execute(PEOPLE)
    clone.mask(
        """
        tables:
          u:
            columns:
              id: keep
              first: first_name
              last: last_name
              full_name: keep
              nick: {sql: "upper(full_name)"}
        """
    )
    assert clone.value("SELECT count(*) FROM u WHERE nick LIKE '%LIDDELL%'") == 0
    assert clone.value("SELECT count(*) FROM u WHERE nick = upper(full_name)") == 5


def test_a_script_that_reads_a_generated_column_reads_it_as_earlier_statements_left_it(clone: Clone) -> None:
    clone.execute(PEOPLE)
    clone.mask(
        """
        tables:
          u:
            columns:
              id: keep
              first: {script: {domain: first}}
              last: {script: {domain: last}}
              nick: {script: {domain: nick}}
        """,
        {
            "a.sql": "UPDATE u SET first = 'F' || id; UPDATE u SET last = 'L' || id; UPDATE u SET nick = full_name;"
        },
    )
    assert clone.rows("SELECT nick FROM u WHERE id = 3") == [("F3 L3",)]


def test_names_without_a_schema_mean_the_planned_table_whatever_the_search_path(clone: Clone) -> None:
    clone.execute(
        f"""
        CREATE SCHEMA app;
        CREATE TABLE public.people (id int, born date);
        CREATE TABLE public.staff (salary int) INHERITS (public.people);
        CREATE TABLE app.people (id int, born date);
        CREATE TABLE public.notes (id int, note text);
        INSERT INTO public.people SELECT i, date '1971-03-04' + i FROM generate_series(1, 5) i;
        INSERT INTO app.people SELECT i, date '1971-03-04' + i FROM generate_series(1, 5) i;
        INSERT INTO public.notes VALUES (1, 'raw');
        ALTER DATABASE "{clone.database}" SET search_path = app, public
        """
    )
    clone.mask(
        """
        tables:
          people: {columns: {id: keep, born: {script: {domain: born}}}}
          staff: {columns: {id: keep, born: null, salary: keep}}
          app.people: {columns: {id: keep, born: {keep: "no one's birthday"}}}
          notes: {where: "id <= (SELECT count(*) FROM people WHERE id > 5)", columns: {id: keep, note: keep}}
        """,
        {"a.sql": "UPDATE people SET born = '1900-01-01'"},
    )
    assert clone.rows("SELECT DISTINCT born::text FROM ONLY public.people") == [("1900-01-01",)]
    assert clone.value("SELECT count(*) FROM app.people WHERE born > '1971-01-01'") == 5
    assert clone.value("SELECT count(*) FROM public.notes") == 0


FUNCTION = """
    CREATE TABLE u (id int PRIMARY KEY, name text);
    CREATE TABLE audit (id int PRIMARY KEY, user_id int, who text);
    INSERT INTO u VALUES (1, 'Alice Liddell'); INSERT INTO audit VALUES (1, 1, 'somebody');
    CREATE FUNCTION user_label(i int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT name FROM public.u WHERE id = i';
    CREATE OPERATOR @@@ (FUNCTION = user_label, RIGHTARG = int)
"""


@pytest.mark.parametrize(
    ("rule", "script"),
    [
        ("{script: {domain: name}}", "UPDATE audit SET who = user_label(user_id)"),
        ("{script: {domain: name}}", "UPDATE audit SET who = @@@ user_id"),
        (
            "{script: {domain: name}}",
            "UPDATE audit SET who = (xpath('//name', query_to_xml('…', true, false, '')))[1]",
        ),
        ("{script: {domain: name}}", "DELETE FROM audit WHERE public.user_label(id) IS NULL"),
        ("{sql: 'user_label(user_id)'}", ""),
        ("{sql: '@@@ user_id'}", ""),
    ],
)
def test_functions_that_may_read_other_tables_are_refused(clone: Clone, rule: str, script: str) -> None:
    clone.execute(FUNCTION)
    with pytest.raises(PolicyInvalid, match=r"calls .*, which may read raw values of other tables"):
        clone.plan(
            "tables: {u: {columns: {id: keep, name: {script: {domain: name}}}},"
            f" audit: {{columns: {{id: keep, user_id: keep, who: {rule}}}}}}}",
            {"a.sql": f"UPDATE u SET name = 'User ' || id; UPDATE audit SET who = 'x'; {script}"},
        )


def test_an_extensions_functions_of_the_row_alone_may_be_called(clone: Clone) -> None:
    clone.execute(
        "CREATE EXTENSION pgcrypto; CREATE TABLE u (name text); INSERT INTO u VALUES ('Alice Liddell')"
    )
    clone.mask(
        "tables: {u: {columns: {name: {sql: \"encode(digest(name, 'sha256'), 'hex') || gen_salt('bf')\"}}}}"
    )
    assert clone.value("SELECT count(*) FROM u WHERE name LIKE '%Alice%'") == 0


def test_a_users_partition_of_an_extensions_table_needs_a_rule_and_is_masked_by_it(
    clone: Clone, as_superuser: Callable[[str], None]
) -> None:
    as_superuser(
        "CREATE EXTENSION hstore; CREATE TABLE people (id int, ssn text) PARTITION BY RANGE (id);"
        f"ALTER TABLE people OWNER TO {clone.login.username}; ALTER EXTENSION hstore ADD TABLE people"
    )
    clone.execute(
        "CREATE TABLE people_1 PARTITION OF people FOR VALUES FROM (0) TO (100);"
        "INSERT INTO people SELECT i, '078-05-112' || i FROM generate_series(1, 5) i"
    )
    with pytest.raises(Unclassified, match=r"public\.people_1"):
        clone.plan("tables: {}")
    clone.mask("tables: {people_1: {columns: {id: keep, ssn: ssn}}}")
    assert clone.value("SELECT count(*) FROM people WHERE ssn LIKE '078%'") == 0
    assert clone.value("SELECT count(*) FROM people") == 5


def test_an_expression_may_end_in_a_comment(clone: Clone) -> None:
    clone.execute("CREATE TABLE u (name text); INSERT INTO u VALUES ('Alice Liddell')")
    clone.mask("tables: {u: {columns: {name: {sql: \"'somebody' -- no one\"}}}}")
    assert clone.rows("SELECT name FROM u") == [("somebody",)]


def test_a_condition_on_a_generated_column_holds_for_what_earlier_statements_left(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE u (id int, email text, note text,"
        " ours bool GENERATED ALWAYS AS (email LIKE '%@corp.test') STORED);"
        "INSERT INTO u VALUES (1, 'a@corp.test', 'raw'), (2, 'b@x.test', 'raw')"
    )
    clone.mask(
        "tables: {u: {columns: {id: keep, email: {script: {domain: e}}, note: {keep: 'no text of anyone'}}}}",
        {"a.sql": "UPDATE u SET email = id || '@corp.test'; UPDATE u SET note = 'ours' WHERE ours"},
    )
    assert clone.value("SELECT count(*) FROM u WHERE note = 'ours'") == 2
