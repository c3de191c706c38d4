"""One hard thing at a time, in a table or two of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.errors import DatabaseError, PolicyInvalid, PreconditionFailed, VerificationFailed
from masking.keys import MaskingKeys
from tasks.postgres.masking_session import masking_session
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone


def test_more_values_than_a_reserved_range_holds_stop_before_anything_is_masked(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (phone text UNIQUE)")
    clone.execute("INSERT INTO t SELECT '7361' || lpad(i::text, 3, '0') FROM generate_series(1, 101) i")
    catalogue, plan = clone.plan("tables: {t: {columns: {phone: phone}}}")
    with pytest.raises(PolicyInvalid, match=r"public\.t\.phone: 101 values need distinct masks"):
        rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    assert clone.value("SELECT count(*) FROM t WHERE phone LIKE '7361%'") == 101


def test_phones_that_fill_their_range_are_distinct_and_no_ones_raw_number(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (phone text UNIQUE)")
    clone.execute("INSERT INTO t SELECT '7361' || lpad(i::text, 3, '0') FROM generate_series(1, 90) i")
    clone.execute("INSERT INTO t SELECT '555010' || i FROM generate_series(0, 4) i")
    clone.mask("tables: {t: {columns: {phone: phone}}}")
    assert clone.value("SELECT count(DISTINCT phone) FROM t WHERE phone ~ '^55501'") == 95
    assert clone.value("SELECT count(*) FROM t WHERE phone ~ '^555010[0-4]$'") == 0


def test_a_wider_range_holds_what_the_reserved_one_cant_and_masks_alike_in_every_table(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (phone text UNIQUE); CREATE TABLE u (id int, phone int8, other text)")
    clone.execute(
        "INSERT INTO t SELECT '+1 (736) 555-' || lpad(i::text, 4, '0') FROM generate_series(0, 299) i"
    )
    clone.execute("INSERT INTO t SELECT '7361' || lpad(i::text, 3, '0') FROM generate_series(1, 300) i")
    clone.execute("INSERT INTO u SELECT i, 17365550000 + i, '7365550' || i FROM generate_series(100, 199) i")
    raw = {row for (row,) in clone.rows("SELECT phone FROM t")}
    rule = '{phone: {range: NXX-555-XXXX, acknowledge: "nobody dials"}}'
    clone.mask(
        f"tables: {{t: {{columns: {{phone: {rule}}}}}, u: {{columns: {{id: keep, phone: {rule}, other: {rule}}}}}}}"
    )
    masks = {row for (row,) in clone.rows("SELECT phone FROM t")}
    assert len(masks) == 600
    assert not masks & raw
    assert clone.value(r"SELECT count(*) FROM t WHERE phone ~ '^\+1 \([2-9]\d\d\) 555-\d{4}$'") == 300
    assert clone.value(r"SELECT count(*) FROM t WHERE phone ~ '^555\d{4}$'") == 300
    same = "SELECT count(*) FROM u JOIN t ON refresh_digits(t.phone) = u.phone::text"
    clone.execute(
        "CREATE FUNCTION refresh_digits(text) RETURNS text LANGUAGE sql"
        " AS $$ SELECT regexp_replace($1, '[^0-9]', '', 'g') $$"
    )
    assert clone.value(same) == 100
    assert clone.value(r"SELECT count(*) FROM u WHERE other ~ '^[2-9]\d\d555\d{4}$'") == 100


def test_a_check_that_can_look_into_no_column_is_reported_as_not_run_with_the_reason(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'Maria')")
    report = clone.mask("tables: {t: {columns: {id: keep, name: first_name}}}")
    (check,) = (found for found in report.verification.checks if "raw value of their own" in found.name)
    assert check.result == "not run"
    assert check.detail.startswith("0 of 1 masked columns; ")


def test_masked_partition_keys_move_rows_and_nothing_is_lost(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (id int, born date) PARTITION BY RANGE (born);"
        "CREATE TABLE t_a PARTITION OF t FOR VALUES FROM ('2000-01-01') TO ('2000-07-01');"
        "CREATE TABLE t_b PARTITION OF t FOR VALUES FROM ('2000-07-01') TO ('2001-01-01');"
        "INSERT INTO t SELECT i, DATE '2000-01-01' + i FROM generate_series(0, 350) i"
    )
    report = clone.mask("tables: {t: {columns: {id: keep, born: date_of_birth}}}")
    assert clone.value("SELECT count(DISTINCT id) FROM t WHERE born <> DATE '2000-01-01' + id") == 351
    assert sum(table.rows for table in report.tables) == 351


def test_scripts_run_as_written_where_they_are_no_plain_update(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE notes (user_id int, note text);"
        "INSERT INTO users VALUES (1, 'Raw One'), (2, 'Raw Two'); INSERT INTO notes VALUES (1, 'a'), (2, 'b')"
    )
    clone.mask(
        """
        tables:
          users: {columns: {id: keep, name: {script: {domain: name}}}}
          notes: {columns: {user_id: keep, note: {keep: "joined from masked names"}}}
        """,
        {
            "1.sql": (
                "UPDATE users SET name = 'user ' || id;"
                "UPDATE notes n SET note = u.name FROM users u WHERE u.id = user_id"
            ),
            "2.sql": "DELETE FROM notes WHERE user_id = 2; UPDATE users SET name = upper(name)",
        },
    )
    assert clone.rows("SELECT * FROM users ORDER BY id") == [(1, "USER 1"), (2, "USER 2")]
    assert clone.rows("SELECT * FROM notes") == [(1, "user 1")]


def test_the_users_own_script_works_word_for_word(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int PRIMARY KEY, ssn text, email text UNIQUE, phone text);"
        "INSERT INTO users SELECT i, '123-45-' || 6000 + i, 'p' || i || '@mail.example', '555-000-0000'"
        " FROM generate_series(1, 50) i"
    )
    report = clone.mask(
        """
        tables:
          users:
            columns:
              id: keep
              ssn: {script: {domain: ssn}}
              email: {script: {domain: email}}
              phone: {script: {domain: phone}}
        """,
        {
            "mask_ssns.sql": (
                "-- mask_ssns.sql\n"
                "UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4));\n"
                "UPDATE users SET email = CONCAT('user_', id, '@example.dev');\n"
                "UPDATE users SET phone = '555-000-0000';\n"
            )
        },
    )
    # That some users had the constant already is no raw value left: the script can't have made anything else.
    assert report.verification.verdict == "passed"
    assert clone.rows("SELECT * FROM users WHERE id = 7") == [
        (7, "XXX-XX-6007", "user_7@example.dev", "555-000-0000")
    ]


def test_maskers_and_sql_rules_run_on_what_the_scripts_left_in_one_pass(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int, email varchar(60), login varchar(20), shown text);"
        "CREATE TABLE mails (email text, n int);"
        "INSERT INTO users VALUES (1, ' Raw@Mail.example', 'raw', 'x'), (2, NULL, 'other', 'y');"
        "INSERT INTO mails VALUES ('raw@mail.example', 1)"
    )
    policy = """
        tables:
          users: {columns: {id: keep, email: email, login: {script: {domain: login}}, shown: {sql: "login || email"}}}
          mails: {columns: {email: email, n: {keep: "counted"}}}
        """
    scripts = {
        "a.sql": (
            "UPDATE users SET email = lower(email); UPDATE users SET login = 'user' || id;"
            "UPDATE mails SET n = (SELECT count(*) FROM users WHERE users.id > 0);"
            "UPDATE users SET email = trim(email), login = upper(login)"
        )
    }
    _, plan = clone.plan(policy, scripts)
    assert [one.table.name for stage in plan.stages for found in stage.passes for one in found] == [
        "users",
        "mails",
    ]
    clone.mask(policy, scripts)
    ((masked, n),) = clone.rows("SELECT email, n FROM mails")
    assert n == 2
    assert clone.rows("SELECT * FROM users ORDER BY id") == [
        (1, masked, "USER1", "USER1" + masked),
        (2, None, "USER2", None),
    ]


def test_a_statement_that_postgresql_refuses_is_named_before_anything_is_masked(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (a text, n int); INSERT INTO t VALUES ('Raw', 1)")
    with pytest.raises(PolicyInvalid, match=r"masking/b\.sql:2:1: this statement doesn't run: .*42804"):
        clone.mask(
            "tables: {t: {columns: {a: {script: {domain: a}}, n: {keep: counted}}}}",
            {"a.sql": "UPDATE t SET a = 'x'", "b.sql": "\nUPDATE t SET n = a"},
        )
    assert clone.rows("SELECT * FROM t") == [("Raw", 1)]


def test_nulls_that_the_users_own_sql_fills_are_counted(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int, ssn text, email text, note text, n int);"
        "CREATE TABLE visits (day date, who text) PARTITION BY RANGE (day);"
        "CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM ('2000-01-01') TO ('2001-01-01');"
        "CREATE TABLE visits_b PARTITION OF visits FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');"
        "CREATE TABLE gone (note text); INSERT INTO gone VALUES (NULL), ('a');"
        "INSERT INTO users SELECT i, CASE WHEN i > 3 THEN '123-45-678' || i END, NULL, NULL, NULL"
        "  FROM generate_series(1, 8) i;"
        "INSERT INTO visits SELECT date '2000-12-30' + i, nullif('p' || i, 'p' || i / 2 * 2)"
        "  FROM generate_series(1, 6) i"
    )
    report = clone.mask(
        """
        tables:
          users:
            columns:
              id: keep
              ssn: {script: {domain: ssn}}
              email: email
              note: {keep: "no one's"}
              n: {sql: "coalesce(n, 7)"}
          visits: {columns: {day: keep, who: {script: {domain: who}}}}
          gone: {columns: {note: {keep: "no one's"}}}
        """,
        {
            "a.sql": (
                "UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4)), note = lower(note);"
                "UPDATE users SET email = CONCAT('u', id) WHERE id < 3; UPDATE visits SET who = concat('w', day);"
                "DELETE FROM gone WHERE note IS NULL; UPDATE gone SET note = 'x'"
            )
        },
    )
    assert {(one.table, one.column): one.nulls_filled for one in report.columns if one.nulls_filled != 0} == {
        ("public.users", "ssn"): 3,
        ("public.users", "email"): 2,
        ("public.users", "n"): 8,
        ("public.visits", "who"): 3,
        ("public.gone", "note"): None,
    }


def test_a_script_that_masks_nothing_is_found_out_though_its_form_says_nothing(clone: Clone) -> None:
    clone.execute("CREATE TABLE users (email text); INSERT INTO users VALUES ('Raw@Mail.example')")
    with pytest.raises(VerificationFailed, match=r"public\.users\.email: 1 rows"):
        clone.mask(
            "tables: {users: {columns: {email: {script: {domain: email}}}}}",
            {"lower.sql": "UPDATE users SET email = substr(email, 1, 40)"},
        )


def test_what_belongs_to_a_role_out_of_reach_is_named(
    clone: Clone, as_superuser: Callable[[str], None]
) -> None:
    as_superuser("CREATE TABLE theirs (name text)")
    catalogue, plan = clone.plan("tables: {theirs: {columns: {name: full_name}}}")
    with pytest.raises(PreconditionFailed, match=r"table public\.theirs: its owner is role"):
        rewrite(clone.login, clone.database, catalogue, plan, KEYS)


def test_an_error_of_postgresql_quotes_no_row(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (name text); INSERT INTO t VALUES ('Raw Person')")
    catalogue, plan = clone.plan("tables: {t: {columns: {name: {sql: 'name::int::text'}}}}")
    with pytest.raises(DatabaseError) as caught:
        rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    assert "Raw Person" not in str(caught.value)
    assert "masking table public.t" in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_same_key_gives_the_same_masks_and_another_key_others(clone: Clone) -> None:
    other = MaskingKeys(root=bytes(range(100, 132)))
    clone.execute("CREATE TABLE t (email text); INSERT INTO t VALUES ('a@mail.example')")
    clone.mask("tables: {t: {columns: {email: email}}}")
    first = clone.value("SELECT email FROM t")
    clone.execute("UPDATE t SET email = 'a@mail.example'")
    clone.mask("tables: {t: {columns: {email: email}}}")
    assert clone.value("SELECT email FROM t") == first
    clone.execute("UPDATE t SET email = 'a@mail.example'")
    clone.mask("tables: {t: {columns: {email: email}}}", keys=other)
    assert clone.value("SELECT email FROM t") != first


def test_tables_are_emptied_whatever_refers_to_them(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE log (id int, at date) PARTITION BY RANGE (at);"
        "CREATE TABLE log_1 PARTITION OF log DEFAULT;"
        "CREATE TABLE parent (id int PRIMARY KEY, up int REFERENCES parent);"
        "CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, log int);"
        "CREATE TABLE both_gone (child_id int REFERENCES child);"
        "INSERT INTO log SELECT i, '2024-01-01' FROM generate_series(1, 9) i;"
        "INSERT INTO parent SELECT i, i FROM generate_series(1, 9) i;"
        "INSERT INTO child SELECT i, i FROM generate_series(1, 9) i;"
        "INSERT INTO both_gone SELECT i FROM generate_series(1, 9) i;"
        "CREATE FUNCTION keep_copy() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN INSERT INTO child SELECT 100 + OLD.id; RETURN OLD; END $$;"
        "CREATE TRIGGER keep_copy AFTER DELETE ON parent FOR EACH ROW EXECUTE FUNCTION keep_copy();"
        "ALTER TABLE parent ENABLE ALWAYS TRIGGER keep_copy"
    )
    report = clone.mask(
        """
        tables:
          log: empty
          parent: empty
          both_gone: empty
          child: {columns: {id: keep, parent_id: null, log: keep}}
        """
    )
    assert clone.rows("SELECT count(*), count(parent_id) FROM child") == [(9, 0)]
    assert [clone.value(f"SELECT count(*) FROM {table}") for table in ("log", "parent", "both_gone")] == [
        0,
        0,
        0,
    ]
    assert {table.table: table.action for table in report.tables} == {
        "public.both_gone": "empty",
        "public.child": "full",
        "public.log": "empty",
        "public.log_1": "empty",
        "public.parent": "empty",
    }


def test_rules_that_always_fire_dont(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (name text); CREATE TABLE copies (name text); INSERT INTO t VALUES ('Raw Person');"
        "CREATE RULE copy AS ON UPDATE TO t DO ALSO INSERT INTO copies VALUES (OLD.name);"
        "ALTER TABLE t ENABLE ALWAYS RULE copy"
    )
    clone.mask("tables: {t: {columns: {name: full_name}}, copies: {columns: {name: full_name}}}")
    assert clone.value("SELECT count(*) FROM copies") == 0
    assert clone.value("SELECT name FROM t") != "Raw Person"
    assert clone.value("SELECT ev_enabled::text FROM pg_rewrite WHERE rulename = 'copy'") == "A"


def test_a_table_of_another_role_is_masked_where_the_role_can_be_joined(clone: Clone) -> None:
    role = f"owner_of_{clone.database}"
    clone.execute(
        f"CREATE ROLE {role} NOINHERIT; GRANT {role} TO CURRENT_USER; GRANT CREATE ON SCHEMA public TO {role};"
        f"CREATE TABLE t (name text); INSERT INTO t VALUES ('Raw Person'); ALTER TABLE t OWNER TO {role};"
        f"REVOKE {role} FROM CURRENT_USER"
    )
    clone.mask("tables: {t: {columns: {name: full_name}}}")
    with masking_session(clone.login, clone.database, doing="looking") as connection:
        assert connection.execute("SELECT name FROM t").fetchall() != [("Raw Person",)]
    clone.execute(f"DROP TABLE t; DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_check_that_postgresql_refuses_is_named_though_many_are_asked_at_once(clone: Clone) -> None:
    clone.execute("CREATE TABLE a (v text); CREATE TABLE b (v text); CREATE TABLE c (v text)")
    catalogue, plan = clone.plan("tables: {a: {columns: {v: email}}, b: {columns: {v: email}}, c: empty}")
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute("ALTER TABLE b RENAME v TO w")
    with pytest.raises(DatabaseError, match=r"(?s)^public\.b\.v: .*checking: .*UndefinedColumn"):
        verify(clone.login, clone.database, catalogue, plan, KEYS)
