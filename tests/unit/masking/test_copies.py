"""What a script may read of columns that are masked after it, and which rules wait for which."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table

U = table(
    "u",
    column("id", "int4"),
    column("email"),
    column("username"),
    column("shown"),
    column("raw_by_script"),
    column("login"),
    column("upper_email", generated=True, generated_from=("email",)),
)
HEIR = table("under", *U.columns, inherits=(U.id,))
LOG = table("log", column("id", "int4"), column("note"), column("masked"))
PAST = table("past", column("note"), kind="m")
POLICY = """
tables:
  u:
    columns:
      id: keep
      email: email
      username: {script: {domain: username}}
      shown: {keep: "what is masked already"}
      raw_by_script: {script: {domain: x}}
      login: username
  under:
    columns: {id: keep, email: email, username: keep, shown: keep, raw_by_script: keep, login: keep}
  log: {columns: {id: keep, note: {keep: "no one's"}, masked: free_text}}
"""
WHOLE = "UPDATE u SET username = 'x', raw_by_script = 'y';"


def check(*scripts: str) -> None:
    make_plan(
        catalogue(U, HEIR, LOG, PAST, unvouched_functions=frozenset({("public", "peek"), ("app", "peek")})),
        parse_policy(POLICY, {f"{number}.sql": text for number, text in enumerate(scripts)}),
    )


@pytest.mark.parametrize(
    ("script", "source", "target"),
    [
        ("UPDATE ONLY u SET username = split_part(email, '@', 1)", "u.email", "u.username"),
        ("UPDATE ONLY u SET username = upper_email", "u.email", "u.username"),
        (
            "UPDATE ONLY u SET username = CASE WHEN email LIKE 'a%' THEN 'a' END WHERE id > 3",
            "u.email",
            "u.username",
        ),
        ("UPDATE ONLY u SET email = lower(email); UPDATE ONLY u SET shown = email", "u.email", "u.shown"),
        ("UPDATE ONLY u SET email = 'x' WHERE id = 1; UPDATE ONLY u SET shown = email", "u.email", "u.shown"),
        ("INSERT INTO log SELECT id, email FROM u", "u.email", "log.id"),
        ("INSERT INTO log (note) SELECT email FROM u", "u.email", "log.note"),
        ("INSERT INTO log (note) SELECT upper_email FROM u", "u.email", "log.note"),
        ("INSERT INTO log (note) SELECT w::text FROM u w", "u.email", "log.note"),
        ("INSERT INTO log (note) SELECT to_json(w.*)::text FROM u w", "u.email", "log.note"),
        (
            "INSERT INTO log (note) SELECT j.c FROM (u CROSS JOIN u v) AS j (a, b, c)",
            "u.email",
            "log.note",
        ),
        ("INSERT INTO log (note) SELECT w.b FROM u AS w (a, b)", "u.email", "log.note"),
        ("INSERT INTO log (note) WITH u AS (TABLE u) SELECT 'x' FROM u", "u.email", "log.note"),
        (
            "INSERT INTO log (masked) SELECT 'x' ON CONFLICT (id) DO UPDATE SET note = (SELECT email FROM u LIMIT 1)",
            "u.email",
            "log.note",
        ),
        ("UPDATE log SET note = u.email FROM u WHERE u.id = log.id", "u.email", "log.note"),
        ("UPDATE log SET note = (SELECT max(email) FROM u)", "u.email", "log.note"),
        (
            "MERGE INTO log USING u ON u.id = log.id WHEN MATCHED THEN UPDATE SET note = u.email",
            "u.email",
            "log.note",
        ),
        (
            "MERGE INTO log USING u ON false WHEN NOT MATCHED THEN INSERT VALUES (1, u.email)",
            "u.email",
            "log.id",
        ),
    ],
)
def test_a_script_may_not_copy_what_a_masker_masks_only_later(script: str, source: str, target: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        check(WHOLE, script)
    message = str(caught.value)
    assert message.startswith("masking/1.sql:1:")
    assert (
        f"may copy public.{source}, which masker email masks only after the scripts, to public.{target}"
        in message
    )


def test_a_script_may_not_put_what_a_later_script_masks_into_a_column_that_is_kept() -> None:
    with pytest.raises(
        PolicyInvalid, match=r"public\.u\.username, which a script masks only later, to public\.log\.note"
    ):
        check("INSERT INTO log (note) SELECT username FROM u", WHOLE)


def test_a_statement_without_only_is_held_against_what_inherits_too() -> None:
    with pytest.raises(PolicyInvalid, match=r"public\.under\.email, .* to public\.under\.login"):
        check(WHOLE, "UPDATE u SET login = email")


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE u SET email = 'user' || id; UPDATE u SET shown = email",
        "UPDATE ONLY u SET email = username",
        "INSERT INTO log (note) SELECT username FROM u",
        "INSERT INTO log (masked) SELECT email FROM u",
        "INSERT INTO log (note) SELECT u.note FROM log AS u",
        "INSERT INTO log (note) SELECT count(*)::text FROM u",
        "DELETE FROM log USING u WHERE u.email = log.note",
        "UPDATE log SET note = 'x' WHERE note = 'y'",
    ],
)
def test_a_script_may_read_masks_and_fill_columns_that_are_masked_after_it(script: str) -> None:
    check(WHOLE, script)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("INSERT INTO log (note) SELECT note FROM past", "it reads past, which is no table of the policy"),
        ("INSERT INTO log (note) SELECT v.x FROM some_view v", "it reads some_view"),
        (
            "INSERT INTO log (note) SELECT most_common_vals::text FROM pg_catalog.pg_stats",
            "it reads pg_stats",
        ),
        ("WITH w AS (UPDATE log SET note = 'x') DELETE FROM log", "it changes rows inside WITH"),
        ("DELETE FROM log WHERE note = peek()", "it calls peek"),
        ("UPDATE log SET note = app.peek(id)", "it calls app.peek"),
        ("UPDATE log SET note = pg_read_file('x')", "it calls pg_read_file"),
    ],
)
def test_what_a_script_can_show_of_unknown_places_is_refused(script: str, what: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        check(WHOLE, script)
    assert what in str(caught.value)


def rules(**sql: str) -> list[list[str]]:
    """The passes that ``sql`` rules over columns a to d of one table make."""
    names = ("a", "b", "c", "d")
    columns = ", ".join(
        f"{name}: {{sql: {sql[name]!r}}}" if name in sql else f"{name}: free_text" for name in names
    )
    found = make_plan(
        catalogue(table("t", *(column(name) for name in names))),
        parse_policy(f"tables: {{t: {{columns: {{{columns}}}}}}}"),
    )
    ((passes,),) = [stage.passes for stage in found.stages]
    assert {one.table for one in passes} == {TableName(schema="public", name="t")}
    return [[update.column for update in one.updates] for one in passes]


def test_rules_wait_for_all_that_they_read() -> None:
    assert rules(c="b || a", b="a || a", d="c || a") == [["a", "b", "c", "d"]]
    assert rules(b="upper(b)", c="upper(a)") == [["a", "b", "d", "c"]]


def test_rules_that_read_one_another_in_a_circle_are_refused_with_their_names() -> None:
    with pytest.raises(PolicyInvalid, match=r"circle: a <- c <- b <- a"):
        rules(a="c", b="a", c="b")
    with pytest.raises(PolicyInvalid, match=r"circle: a <- b <- a"):
        rules(a="b", b="a", c="a")
