"""One shop with what makes masking hard, masked as a whole."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from contracts.errors import PolicyInvalid, PreconditionFailed, VerificationFailed
from deployments.localaws.binaries import find_binaries
from masking.statements import passes as statements
from tasks.postgres import rewrite as rewriting
from tasks.postgres.masking_session import masking_session
from tasks.postgres.rewrite import remember, rewrite
from tasks.postgres.verification import finish, verify
from tests.integration.masking.conftest import KEYS, Clone

SCRIPT = {"mask_ssns.sql": "UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4), '-', id);"}

# Found in raw values only: look at shop.sql.
RAW = (
    "person1",
    "@shop.example",
    "Firstname",
    "Lastname",
    "736-",
    "10.0.0",
    "Rawtown",
    "nick1",
    "nack1",
    "rawnick",
    "stafnick",
    "token3",
    "1000000",
    "Called about",
    "Raw ",
    "raw picture",
    "raw diagnosis",
    "raw large",
)


def dumped(database: str, superuser_conninfo: Callable[[str], str], *options: str) -> str:
    """What pg_dump says, without the random token that newer ones put around it."""
    pg_dump = find_binaries().bin_dir / "pg_dump"
    text = subprocess.run(
        [pg_dump, *options, "--dbname", superuser_conninfo(database)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return "\n".join(
        line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def test_no_raw_value_is_left_in_a_dump(
    shop: Clone, shop_policy: str, superuser_conninfo: Callable[[str], str]
) -> None:
    before = dumped(shop.database, superuser_conninfo)
    assert [raw for raw in RAW if raw not in before] == ["raw picture", "raw large"]  # both are hex there
    shop.mask(shop_policy, SCRIPT)
    after = dumped(shop.database, superuser_conninfo)
    assert [raw for raw in (*RAW, b"raw picture".hex(), b"raw large".hex()) if raw in after] == []


def test_the_schema_is_what_it_was(
    shop: Clone, shop_policy: str, superuser_conninfo: Callable[[str], str]
) -> None:
    before = dumped(shop.database, superuser_conninfo, "--schema-only")
    shop.mask(shop_policy, SCRIPT)
    assert dumped(shop.database, superuser_conninfo, "--schema-only") == before
    assert "ENABLE ALWAYS TRIGGER audit_always" in before
    assert "FORCE ROW LEVEL SECURITY" in before


def test_masks_are_what_the_policy_says(shop: Clone, shop_policy: str) -> None:
    raw = shop.rows("SELECT id, email, first_name, born, level, notes FROM users")
    report = shop.mask(shop_policy, SCRIPT)
    # The same value in the same domain masks alike, in every table and type.
    assert (
        shop.value("SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id WHERE o.email <> u.email")
        == 0
    )
    assert shop.value("SELECT count(*) FROM users WHERE email !~ '^[a-z0-9]{18}@example.com$'") == 0
    assert shop.value("SELECT ssn FROM users WHERE id = 7") == "XXX-XX-0007-7"
    assert shop.value("SELECT count(*) FROM users WHERE full_name <> first_name || ' ' || last_name") == 0
    assert (
        shop.value("SELECT count(*) FROM users WHERE profile <> '{}' OR plan <> 'basic' OR picture <> ''")
        == 0
    )
    assert shop.value("SELECT count(*) FROM users WHERE phone !~ '^\\([2-9][0-9]{2}\\) 555-01[0-9]{2}$'") == 0
    assert shop.value("SELECT count(*) FROM users WHERE NOT ip << '198.18.0.0/15'") == 0
    assert (
        shop.value("SELECT count(*) FROM users WHERE aliases[2] IS NOT NULL OR cardinality(aliases) <> 3")
        == 0
    )
    assert shop.value("SELECT count(*) FROM audit_log") == 0
    assert shop.value("SELECT min(created_at)::date::text FROM sessions") == "2024-02-01"
    assert shop.value("SELECT count(*) FROM pg_largeobject_metadata") == 0
    masked = {row[0]: row for row in shop.rows("SELECT id, email, first_name, born, level, notes FROM users")}
    for id_, email, first_name, born, level, notes in raw:
        now = masked[id_]
        assert now[1] != email
        # NULL stays NULL and '' stays ''.
        assert (now[2] is None) == (first_name is None)
        assert (now[2] == "") == (first_name == "")
        assert (now[5] == "") == (notes == "")
        assert len(now[5]) == len(notes)
        assert now[3] != born
        assert now[3].year == born.year
        assert now[4] == level // 10 * 10
    assert report.verification.verdict == "passed"


def test_the_report_names_every_table_column_and_check(shop: Clone, shop_policy: str) -> None:
    catalogue, _ = shop.plan(shop_policy, SCRIPT)
    report = shop.mask(shop_policy, SCRIPT)
    assert {(column.table, column.column) for column in report.columns} == {
        (str(table), column.name) for table in catalogue.tables for column in table.columns
    }
    tables = {table.table: table for table in report.tables}
    assert (tables["public.audit_log"].action, tables["public.audit_log"].rows) == ("empty", 0)
    assert (tables["public.sessions"].action, tables["public.sessions"].rows) == ("where", 30)
    assert (tables["public.orders"].rows, tables["public.orders_2023"].rows) == (0, 364)
    assert tables["public.orders_2024_rest"].rows == 136
    columns = {(column.table, column.column): (column.action, column.masker) for column in report.columns}
    assert columns["public.users", "full_name"] == ("mask", "generated")
    assert columns["public.orders_2023", "email"] == ("mask", "email")
    assert columns["public.audit_log", "email"] == ("empty", None)
    assert columns["public.users", "id"] == ("keep", None)
    results = {check.name: check.result for check in report.verification.checks}
    assert "not run" not in results.values()
    assert {
        "raw values in other columns",
        "shapes of personal data and secrets in kept columns",
        "masked columns hold no raw value of their own",
        "masked values have their masker's form",
        "row counts",
        "unique indexes",
        "check constraints",
        "foreign keys",
        "large objects",
    } <= {name for name, result in results.items() if result == "passed"}
    (detail,) = (
        check.detail for check in report.verification.checks if "raw value of their own" in check.name
    )
    assert "public.users.first_name" in detail
    assert "public.users.email" not in detail


def test_a_step_that_was_cut_off_goes_on_where_it_stopped(
    shop: Clone, shop_policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue, plan = shop.plan(shop_policy, SCRIPT)
    true_update = statements.update

    def cut_off(found: object, table: object) -> object:
        if str(table) == "public.people":
            raise ConnectionError
        return true_update(found, table)  # type: ignore[arg-type]

    monkeypatch.setattr(rewriting, "update", cut_off)
    with pytest.raises(ConnectionError):
        rewrite(shop.login, shop.database, catalogue, plan, KEYS)
    assert shop.value("SELECT count(*) FROM people WHERE nickname LIKE 'rawnick%'") == 10
    monkeypatch.undo()
    rewrite(shop.login, shop.database, catalogue, plan, KEYS)
    # Run twice, RIGHT(ssn, 4) would have taken its own result.
    assert shop.value("SELECT ssn FROM users WHERE id = 7") == "XXX-XX-0007-7"
    rewrite(shop.login, shop.database, catalogue, plan, KEYS)
    assert shop.value("SELECT ssn FROM users WHERE id = 7") == "XXX-XX-0007-7"
    assert verify(shop.login, shop.database, catalogue, plan, KEYS).verification.verdict == "passed"
    finish(shop.login, shop.database)
    finish(shop.login, shop.database)


def test_a_clone_that_was_begun_with_another_policy_is_refused(shop: Clone, shop_policy: str) -> None:
    catalogue, plan = shop.plan(shop_policy, SCRIPT)
    rewrite(shop.login, shop.database, catalogue, plan, KEYS)
    catalogue, plan = shop.plan(shop_policy + " ", SCRIPT)
    with pytest.raises(PreconditionFailed, match="new clone"):
        rewrite(shop.login, shop.database, catalogue, plan, KEYS)


@pytest.mark.parametrize(
    ("tampering", "names"),
    [
        (
            "UPDATE users SET email = 'PERSON7@shop.example' WHERE id = 7",
            "masked values have their masker's form: public.users.email: 1 rows offend",
        ),
        (
            "UPDATE users SET ssn = '111111118' WHERE id = 7; UPDATE users SET ssn = ' 100000009' WHERE id = 8",
            "masked columns hold no raw value of their own: public.users.ssn: 1 rows offend",
        ),
        (
            "UPDATE users SET aliases = ARRAY['fine', 'NICK9'] WHERE id = 7",
            "masked columns hold no raw value of their own: public.users.aliases: 1 rows offend",
        ),
        (
            "UPDATE users SET phone = '(212) 736-0007' WHERE id IN (7, 8)",
            "masked values have their masker's form: public.users.phone: 2 rows offend",
        ),
        (
            "UPDATE users SET first_name = 'Firstname7' WHERE id = 7",
            "masked values have their masker's form: public.users.first_name: 1 rows offend",
        ),
        (
            "UPDATE users SET profile = '{\"home\": 1}' WHERE id = 7",
            "masked values have their masker's form: public.users.profile: 1 rows offend",
        ),
        (
            "UPDATE users SET notes = 'Called' WHERE id = 7",
            "masked values have their masker's form: public.users.notes: 1 rows offend",
        ),
        ("DELETE FROM people WHERE id = 7", "row counts: public.people had 10 rows before masking and has 9"),
        (
            "INSERT INTO audit_log (email) VALUES ('x')",
            "emptied tables hold no row: public.audit_log: 1 rows offend",
        ),
        (
            "DELETE FROM orders_2023 WHERE id = 1; INSERT INTO orders VALUES (1, 999, '2023-05-05', NULL, NULL)",
            "foreign keys: public.orders orders_user_id_fkey: 1 rows offend",
        ),
        (
            "ALTER TABLE users DROP CONSTRAINT users_born_check; UPDATE users SET born = '2020-02-02' WHERE id = 7",
            "check constraints: public.users users_born_check: 1 rows offend",
        ),
        (
            "DROP INDEX users_email_key; UPDATE users SET email = 'abc@EXAMPLE.com' WHERE id IN (7, 8, 9)",
            "unique indexes: public.users users_email_key: 2 rows offend",
        ),
        ("SELECT lo_from_bytea(0, 'raw')", "large objects: 1 are left"),
    ],
)
def test_verification_fails_naming_table_column_check_and_count(
    shop: Clone, shop_policy: str, tampering: str, names: str
) -> None:
    catalogue, plan = shop.plan(shop_policy, SCRIPT)
    rewrite(shop.login, shop.database, catalogue, plan, KEYS)
    with masking_session(shop.login, shop.database, doing="tampering") as connection:
        connection.execute("ALTER TABLE users DISABLE TRIGGER USER")
        connection.execute(tampering)
    with pytest.raises(VerificationFailed) as caught:
        verify(shop.login, shop.database, catalogue, plan, KEYS)
    assert names in str(caught.value)
    assert "person7" not in str(caught.value).lower()


def test_raw_values_that_look_like_masks_are_noticed_one_by_one(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (id int, email text, login text)")
    clone.execute(
        """
        INSERT INTO t VALUES (1, 'abcdefghijklmnopqr@example.com', 'bob'),
                             (2, 'bob@shop.example', 'abcdefghijklmnopqr'),
                             (3, ' ABCDEFGHIJKLMNOPQ3@example.com', 'user_abcdefghijklmnopqs ')
        """
    )
    catalogue, plan = clone.plan("tables: {t: {columns: {id: keep, email: email, login: username}}}")
    remember(clone.login, clone.database, catalogue, plan, KEYS)
    assert clone.value("SELECT count(*) FROM refresh_mask.raw_values") == 4
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute(
        """
        UPDATE t SET email = 'ABCDEFGHIJKLMNOPQR@example.com', login = 'user_abcdefghijklmnopqs' WHERE id = 2;
        UPDATE t SET email = 'abcdefghijklmnopq3@example.com' WHERE id = 3
        """
    )
    with pytest.raises(VerificationFailed) as caught:
        verify(clone.login, clone.database, catalogue, plan, KEYS)
    assert "masked columns hold no raw value of their own: public.t.email: 2 rows offend" in str(caught.value)
    assert "masked columns hold no raw value of their own: public.t.login: 1 rows offend" in str(caught.value)
    assert "form" not in str(caught.value)


def test_a_pass_that_did_nothing_is_noticed_where_masks_look_like_raw_values(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (id int, name text, born date, pay int)")
    clone.execute("INSERT INTO t SELECT i, 'Maria', '2000-01-01', 1000 + i FROM generate_series(1, 9) i")
    policy = "tables: {t: {columns: {id: keep, name: first_name, born: date, pay: number}}}"
    catalogue, plan = clone.plan(policy)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute("UPDATE t SET name = 'Maria', born = '2000-01-01', pay = 1000 + id")
    with pytest.raises(VerificationFailed) as caught:
        verify(clone.login, clone.database, catalogue, plan, KEYS)
    for column in ("name", "born", "pay"):
        assert f"masked columns changed as a whole: public.t.{column}" in str(caught.value)


def test_a_where_that_leaves_a_foreign_key_dangling_stops_before_anything_is_masked(
    shop: Clone, shop_policy: str
) -> None:
    policy = shop_policy.replace("  public.orders:\n", "  public.orders:\n    where: id <> 3\n").replace(
        "  public.users:\n", "  public.users:\n    where: id < 250\n"
    )
    catalogue, plan = shop.plan(policy, SCRIPT)
    with pytest.raises(PolicyInvalid, match="foreign key orders_user_id_fkey"):
        rewrite(shop.login, shop.database, catalogue, plan, KEYS)
    assert shop.value("SELECT count(*) FROM users WHERE email LIKE 'person%'") == 300
