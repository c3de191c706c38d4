"""Nothing personal gets through: what masking keeps is searched whole, before anything leaves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from psycopg import sql

from contracts.errors import VerificationFailed
from contracts.report import MaskingReport
from deployments.demo.world import load_sample
from masking.catalogue import Catalogue, TableName
from masking.planning.plan import Plan
from masking.policy.reading import parse_policy
from masking.proof.blocks import Block
from masking.proof.gathering import Reading
from masking.proof.literals import search_literals
from masking.proof.raw_values import RawValues
from masking.suggestion import suggest_policy
from tasks.archive.saved_schema import save_schema
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.connection import connect
from tasks.postgres.rewrite import rewrite
from tasks.proof.copies import read_all
from tasks.proof.gathering import gather_and_remember
from tasks.proof.proving import prove, prove_schema
from tasks.proof.restored import check_restored
from tasks.proof.schema_entries import read_schema_entries
from tasks.proof.searching import find_in_kept_columns, search_clone
from tests.bench.planted import COPIES, PLACES, POLICY, found, plant
from tests.fix_samples import RealDatabase
from tests.integration.masking.conftest import KEYS, USERS, Clone


def _check(report: MaskingReport, name: str) -> str:
    (detail,) = (check.detail for check in report.verification.checks if check.name.startswith(name))
    return detail


def test_of_1000_planted_copies_999_are_found_and_nothing_else_is(clone: Clone) -> None:
    with connect(clone.login, clone.database) as connection:
        plant(connection)
    catalogue, plan = clone.plan(POLICY)
    raw = gather_and_remember(clone.login, clone.database, catalogue, plan, KEYS)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    with connect(clone.login, clone.database) as connection:
        hits = Counter(found(connection, catalogue, plan, raw))
    assert len(hits) == len(PLACES) == 12
    assert hits.total() >= COPIES - 1
    clone.execute("DELETE FROM elsewhere WHERE is_planted")
    assert search_clone(clone.login, clone.database, catalogue, plan, raw).found.findings == []


@pytest.mark.parametrize("name", ["pagila", "chinook"])
def test_a_real_database_with_its_policy_raises_no_alarm(
    clone: Clone,
    name: str,
    real_database: Callable[[str], RealDatabase],
    superuser_conninfo: Callable[[str], str],
) -> None:
    real = real_database(name)
    load_sample(superuser_conninfo(clone.database), real.directory)
    report = clone.mask((real.policy / "policy.yaml").read_text())
    assert report.verification.acknowledged == ()
    assert re.match(r"\d{2,} raw values of \d+ columns, in \d{4,} values", _check(report, "raw values"))


def test_a_large_table_is_read_in_parts_each_row_once(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE notes (id int, note text);"
        "INSERT INTO notes SELECT i, repeat('x', 500) FROM generate_series(1, 2000) i;"
        "CREATE TABLE more () INHERITS (notes); INSERT INTO more SELECT i FROM generate_series(2001, 9000) i"
    )
    catalogue = read_catalogue(clone.login, clone.database)
    (table,) = (table for table in catalogue.tables if table.name == "notes")
    for rows, expected in ((sql.SQL("ONLY notes"), 2000), (sql.SQL("notes"), 9000)):
        query = sql.SQL("SELECT id FROM {}").format(rows)
        reading = Reading(table=table, query=query, columns=("id",), kinds=("id",), ends_with_its_table=True)
        parts: list[list[int]] = []

        def take(_: Reading, blocks: Iterator[Block], parts: list[list[int]] = parts) -> None:
            parts.append([int(line) for block in blocks for line in block.text.split()])

        read_all(clone.login, clone.database, catalogue, [reading], lambda _: 1, take, part_bytes=100_000)
        assert len(parts) > 5
        assert sorted(number for part in parts for number in part) == list(range(1, expected + 1))


def test_a_copy_stops_the_run_and_is_named_by_place_count_and_rule(clone: Clone) -> None:
    clone.execute(
        USERS
        + "CREATE TABLE orders (id int, note text);"
        + "INSERT INTO orders SELECT id, CASE WHEN id < 4 THEN 'for ' || upper(email) ELSE 'x' END FROM users"
    )
    said = clone.refused(
        """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          orders: {columns: {id: keep, note: keep}}
        """,
    )
    assert "public.orders.note: 3 values hold raw values of public.users.email" in said
    assert "acknowledge: {raw_values: the reason} at the column" in said


def test_what_the_policy_acknowledges_is_in_the_report_with_its_reason(clone: Clone) -> None:
    clone.execute(
        USERS
        + "CREATE TABLE shops (id int, contact text, about text);"
        + "INSERT INTO shops VALUES (1, 'sales@shop.fr', 'kayla1@mail.example opened it'), (2, 'hq@shop.fr', '')"
    )
    policy = """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          shops:
            columns:
              id: keep
              contact: {keep: {reason: "printed on the door", acknowledge: {email: "our own shops'"}}}
              about: {keep: {acknowledge: {raw_values: "she agreed", phone: "no such thing"}}}
        """
    report = clone.mask(policy)
    assert [
        (found.place, found.rule, found.count, found.reason) for found in report.verification.acknowledged
    ] == [
        ("public.shops.contact", "email", 2, "our own shops'"),
        ("public.shops.about", "raw_values", 1, "she agreed"),
    ]
    assert "2 acknowledged" in _check(report, "shapes")


def test_shapes_stop_the_run_in_every_kind_of_kept_column(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE kept (id int, a text, b jsonb, c xml, d bytea, e varchar(40)[], f text);"
        "INSERT INTO kept VALUES (1, 'jo@mail.fr', '{\"k\": \"+44 20 7946 0958\"}', '<a>123-45-6789</a>',"
        " '-----BEGIN PRIVATE KEY-----', ARRAY['4539 1488 0343 6467'], 'jo@example.com, (212) 555-0123')"
    )
    columns = "id: keep, a: keep, b: keep, c: keep, d: keep, e: keep, f: keep"
    said = clone.refused(f"tables: {{kept: {{columns: {{{columns}}}}}}}")
    for place, what in (("a", "e-mail"), ("b", "phone"), ("c", "SSN"), ("d", "private key"), ("e", "card")):
        assert re.search(rf"public\.kept\.{place}: 1 values (have|hold) [^;]*{what}", said)
    assert "kept.f" not in said


#: One of each shape, none of which is set apart for examples.
SHAPES = {
    "email": "jane.doe@gmail.com",
    "phone": "(212) 736-5000",
    "ssn": "123-45-6789",
    "card": "4539 1488 0343 6467",
    "iban": "DE89370400440532013000",
    "private_key": "-----BEGIN RSA PRIVATE KEY-----",
    "api_token": "ghp_" + "a1B2" * 9,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "password_hash": "$2b$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
}
#: A kind of column each: its type, and what makes a value of it of the text $1.
CONTAINERS = {
    "plain": ("text", "$1"),
    "limited": ("varchar(200)", "$1"),
    "padded": ("char(200)", "$1"),
    "caseless": ("citext", "$1::citext"),
    "domain": ("text_domain", "$1"),
    "json": ("json", "json_build_object('k', json_build_array($1))"),
    "jsonb": ("jsonb", "jsonb_build_object('k', jsonb_build_object('l', $1))"),
    "xml": ("xml", "xmlelement(name a, xmlattributes(1 AS b), $1)"),
    "bytes": ("bytea", "convert_to($1, 'UTF8')"),
    "texts": ("text[]", "ARRAY['x', $1]"),
    "documents": ("jsonb[]", "ARRAY[jsonb_build_object('k', $1)]"),
    "byte_arrays": ("bytea[]", "ARRAY[convert_to($1, 'UTF8')]"),
    "pairs": ("hstore", "hstore('k', $1)"),
    "composite": ("text_and_number", "ROW($1, 1)::text_and_number"),
}


def test_every_shape_is_found_in_every_kind_of_column(clone: Clone) -> None:
    clone.execute(
        "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE DOMAIN text_domain AS text;"
        "CREATE TYPE text_and_number AS (a text, b int)"
    )
    columns = [
        (f"{shape}_{container}", type_, made.replace("$1", f"'see {value}, thanks'::text"))
        for shape, value in SHAPES.items()
        for container, (type_, made) in CONTAINERS.items()
    ]
    clone.execute(
        f"CREATE TABLE kept ({', '.join(f'{name} {type_}' for name, type_, _ in columns)});"
        f"INSERT INTO kept SELECT {', '.join(made for _, _, made in columns)}"
    )
    said = clone.refused(
        f"tables: {{kept: {{columns: {{{', '.join(f'{name}: keep' for name, _, _ in columns)}}}}}}}"
    )
    assert [name for name, _, _ in columns if f"public.kept.{name}: 1 values" not in said] == []


def test_copies_and_cards_are_found_in_numbers_ranges_and_search_conditions(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int PRIMARY KEY, ssn text, code text);"
        "INSERT INTO users SELECT i, '0' || 12345678 + i, 'QX-10000' || i FROM generate_series(1, 9) i;"
        "CREATE TABLE kept (id int, a int8, b numeric(20, 2), c int8[], d int8range, e int8multirange, f tsquery,"
        " g int4, h oid, card int8, cards numeric[], pair numrange);"
        "INSERT INTO kept SELECT id, n, n, ARRAY[1, n], int8range(n, n + 1), int8multirange(int8range(n, n + 1)),"
        " plainto_tsquery('simple', code), n, n, 4539148803436467, ARRAY[4539148803436467], '[4539148803436467,)'"
        " FROM users, CAST(ssn AS int8) AS n"
    )
    kept = ", ".join(f"{name}: keep" for name in ("id", *"abcdefgh", "card", "cards", "pair"))
    said = clone.refused(
        f"tables: {{users: {{columns: {{id: keep, ssn: ssn, code: pseudonym}}}}, kept: {{columns: {{{kept}}}}}}}",
    )
    for name in "abcdegh":
        assert f"public.kept.{name}: 9 values hold raw values of public.users.ssn" in said
    assert "public.kept.f: 9 values hold raw values of public.users.code" in said
    for name in ("card", "cards", "pair"):
        assert f"public.kept.{name}: 9 values have the shape of a card number" in said


def test_an_ssn_that_was_a_number_is_found_with_the_zero_that_it_had_lost(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int PRIMARY KEY, ssn int8); INSERT INTO users VALUES (1, 12345678), (2, 219099999);"
        "CREATE TABLE notes (id int, note text); INSERT INTO notes VALUES (1, 'ssn 012-34-5678'), (2, 'ssn 012345678')"
    )
    said = clone.refused(
        "tables: {users: {columns: {id: keep, ssn: ssn}}, notes: {columns: {id: keep, note: keep}}}"
    )
    assert "public.notes.note: 2 values hold raw values of public.users.ssn" in said


def test_what_no_search_reads_is_in_the_report_with_its_own_reason(clone: Clone) -> None:
    clone.execute(
        "CREATE TYPE mood AS ENUM ('well'); CREATE TABLE kept (id int8, a float8, b int2, c mood, d date, e bit(8),"
        " f tstzrange, g regclass, h inet, i money, j bool[])"
    )
    kept = ", ".join(f"{name}: keep" for name in ("id", *"abcdefghij"))
    report = clone.mask(f"tables: {{kept: {{columns: {{{kept}}}}}}}")
    reasons = {
        found.column.removeprefix("public.kept."): found.reason for found in report.verification.not_searched
    }
    assert reasons.keys() == set("abcdefghij")
    assert reasons["b"] == "type smallint: its numbers are too short to tell"
    assert reasons["c"] == "its labels are the schema's, which is searched"
    assert reasons["g"] == "type regclass names objects of the schema, which is searched"
    assert reasons["a"] == "type double precision holds neither text nor a whole number"


def test_partitions_documents_and_tables_with_forced_row_security_are_searched_too(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int, profile jsonb, emails text[]) PARTITION BY LIST (id);"
        "CREATE TABLE users_1 PARTITION OF users FOR VALUES IN (1);"
        "CREATE TABLE users_2 (emails text[], profile jsonb, id int);"
        "ALTER TABLE users ATTACH PARTITION users_2 FOR VALUES IN (2);"
        "INSERT INTO users VALUES (1, '{\"mail\": \"kayla1@mail.example\"}', '{kayla2@mail.example}'),"
        " (2, '{\"mail\": \"kayla3@mail.example\"}', '{x,kayla4@mail.example}');"
        "CREATE TABLE logs (line text, n int) PARTITION BY LIST (n);"
        "CREATE TABLE logs_1 (n int, line text); ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES IN (1);"
        "CREATE TABLE logs_2 PARTITION OF logs FOR VALUES IN (2);"
        "INSERT INTO logs SELECT 'sent to kayla' || i || '@mail.example', 1 + i % 2 FROM generate_series(1, 5) i;"
        "ALTER TABLE users_1 ENABLE ROW LEVEL SECURITY; ALTER TABLE users_1 FORCE ROW LEVEL SECURITY;"
        "ALTER TABLE logs_1 ENABLE ROW LEVEL SECURITY; ALTER TABLE logs_1 FORCE ROW LEVEL SECURITY"
    )
    said = clone.refused(
        """
        tables:
          users: {columns: {id: keep, profile: {json: {paths: {$.mail: email}}}, emails: email}}
          logs: {columns: {line: keep, n: keep}}
        """,
    )
    assert "public.logs.line: 2 values hold raw values of public.users.profile $.mail" in said
    assert "public.logs.line: 2 values hold raw values of public.users.emails" in said


def _masked_with_copies(clone: Clone) -> tuple[Catalogue, Plan, RawValues]:
    """Users' addresses are masked, and what they were is in a kept column."""
    clone.execute(
        USERS + "CREATE TABLE notes (id int, note text); INSERT INTO notes SELECT id, email FROM users"
    )
    catalogue, plan = clone.plan(
        """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          notes: {columns: {id: keep, note: keep}}
        """
    )
    raw = gather_and_remember(clone.login, clone.database, catalogue, plan, KEYS)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    return catalogue, plan, raw


def test_all_that_checks_and_searches_find_is_told_at_once(clone: Clone) -> None:
    catalogue, plan, raw = _masked_with_copies(clone)
    clone.execute("UPDATE users SET email = 'bob' WHERE id = 7")
    with pytest.raises(VerificationFailed) as refused:
        prove(clone.login, clone.database, catalogue, plan, raw, KEYS)
    assert "form: public.users.email: 1 rows offend" in refused.value.what
    assert "public.notes.note: 100 values hold raw values of public.users.email" in refused.value.what
    assert "Mend the policy" in refused.value.remedy
    assert "acknowledge" in refused.value.remedy


def test_what_failed_otherwise_hides_no_finding(clone: Clone, as_superuser: Callable[[str], None]) -> None:
    catalogue, plan, raw = _masked_with_copies(clone)
    # The columns' own checks need it.
    as_superuser("DROP TABLE refresh_mask.row_counts")
    with pytest.raises(VerificationFailed, match=r"public\.notes\.note: 100 values"):
        prove(clone.login, clone.database, catalogue, plan, raw, KEYS)


# A literal of each kind that a schema carries, each with an address or raw values of its own.
LITERALS = {
    "COMMENT": "COMMENT ON COLUMN users.id IS 'ask jo1@mail.fr'",
    # A default stands in its table's own statement.
    "TABLE": "ALTER TABLE kept ALTER COLUMN a SET DEFAULT 'jo2@mail.fr'",
    "CHECK CONSTRAINT": "ALTER TABLE kept ADD CONSTRAINT c CHECK (a <> 'jo3@mail.fr') NOT VALID",
    "DOMAIN": "CREATE DOMAIN d AS text CHECK (VALUE <> 'jo4@mail.fr')",
    "TABLE ATTACH": "CREATE TABLE parts (a text) PARTITION BY LIST (a);"
    " CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN ('jo5@mail.fr')",
    "TYPE": "CREATE TYPE e AS ENUM ('x', 'jo6@mail.fr')",
    "INDEX": "CREATE INDEX i ON kept ((a || 'jo7@mail.fr')) WHERE a <> 'x'",
    "STATISTICS": "CREATE STATISTICS s ON (a || 'jo8@mail.fr'), id FROM kept",
    "POLICY": "CREATE POLICY p ON kept USING (a <> 'jo9@mail.fr')",
    "RULE": "CREATE RULE r AS ON UPDATE TO kept WHERE NEW.a = 'jo10@mail.fr' DO INSTEAD NOTHING",
    "FUNCTION": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'jo11@mail.fr'; END $$",
    "TRIGGER": "CREATE TRIGGER t BEFORE UPDATE ON kept FOR EACH ROW WHEN (NEW.a = 'jo12@mail.fr')"
    " EXECUTE FUNCTION f()",
    "VIEW": "CREATE VIEW v AS SELECT 'jo13@mail.fr' AS x",
    "PUBLICATION TABLE": "CREATE PUBLICATION pub FOR TABLE kept WHERE (a <> 'jo15@mail.fr') WITH (publish = 'insert')",
    "SERVER": "CREATE SERVER w FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'jo16@mail.fr')",
    "FOREIGN TABLE": "CREATE FOREIGN TABLE ft (x text) SERVER w OPTIONS (table_name 'jo17@mail.fr')",
    "SEQUENCE": 'CREATE SEQUENCE "jo14@mail.fr"',
}


def test_every_kind_of_literal_of_the_schema_is_searched(clone: Clone) -> None:
    clone.execute("CREATE EXTENSION postgres_fdw")
    clone.execute(USERS + "CREATE TABLE kept (id int, a text);" + ";".join(LITERALS.values()))
    clone.execute("COMMENT ON TABLE users IS 'first: KAYLA7@mail.example'")
    catalogue, plan = clone.plan(
        """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          kept: {columns: {id: keep, a: keep}}
          parts: {columns: {a: keep}}
        literals:
          "VIEW public.v": {email: "printed on the door"}
        """
    )
    save_schema(clone.login, clone.database)
    raw = gather_and_remember(clone.login, clone.database, catalogue, plan, KEYS)
    findings = search_literals(read_schema_entries(clone.login, clone.database), raw, plan.literals).findings
    kinds = {re.match(r"[A-Z ]+[A-Z]", finding.place)[0] for finding in findings if finding.rule == "email"}  # type: ignore[index]
    assert kinds == LITERALS.keys()
    assert [finding.place for finding in findings if finding.rule == "raw_values"] == [
        "COMMENT public.TABLE users"
    ]
    assert [finding.place for finding in findings if finding.reason] == ["VIEW public.v"]
    assert not any("jo" in str(finding) for finding in findings)


def test_the_report_names_the_extensions_own_tables_whose_rows_stay_out(
    clone: Clone, as_superuser: Callable[[str], None]
) -> None:
    clone.execute("CREATE SCHEMA cron; CREATE TABLE cron.job (command text); CREATE TABLE notes (id int)")
    as_superuser(
        "CREATE EXTENSION citext; ALTER EXTENSION citext ADD TABLE cron.job;"
        "UPDATE pg_extension SET extconfig = ARRAY['cron.job'::regclass::oid], extcondition = ARRAY['']"
        " WHERE extname = 'citext'"
    )
    policy = "tables: {notes: {columns: {id: keep}}}"
    _, plan = clone.plan(policy)
    report = clone.mask(policy)
    save_schema(clone.login, clone.database)
    report = prove_schema(clone.login, clone.database, plan, None, report)
    assert "without rows of extensions' own tables cron.job (citext)" in _check(report, "literals")


def _masked_and_signed(clone: Clone) -> MaskingReport:
    clone.execute(
        USERS
        + "CREATE TABLE notes (id int PRIMARY KEY, at timestamptz, ratio float8, note text, tags text[]);"
        + "INSERT INTO notes SELECT i, now(), i / 3.0, 'note ' || i, ARRAY['a', 'b'] FROM generate_series(1, 50) i"
    )
    return clone.mask(NOTES)


NOTES = """
tables:
  users: {columns: {id: keep, email: email, is_test: keep}}
  notes: {columns: {id: keep, at: keep, ratio: keep, note: keep, tags: keep}}
"""


def test_the_restored_database_is_held_against_the_signed_report(clone: Clone) -> None:
    signed = _masked_and_signed(clone)
    checks = check_restored(clone.login, clone.database, parse_policy(NOTES), signed)
    assert [(check.result, check.scope_rows) for check in checks[:1]] == [("passed", 150)]
    assert len(checks) == 3

    clone.execute("ALTER TABLE notes ALTER COLUMN note SET DEFAULT 'jo@mail.fr'")
    with pytest.raises(VerificationFailed, match=r"TABLE public\.notes: 1 values have the shape"):
        check_restored(clone.login, clone.database, parse_policy(NOTES), signed)
    clone.execute("UPDATE notes SET note = 'other' WHERE id = 7")
    with pytest.raises(VerificationFailed, match=r"aren't those of the masked clone in public\.notes\."):
        check_restored(clone.login, clone.database, parse_policy(NOTES), signed)


def test_what_the_proof_would_find_is_known_before_anything_is_masked_and_a_suggestion_masks_it(
    clone: Clone,
) -> None:
    clone.execute(
        USERS + "CREATE TABLE things (id int PRIMARY KEY, caption text);"
        "INSERT INTO things SELECT i, 'from kayla' || i || '@mail.example' FROM generate_series(1, 9) i"
    )
    policy = """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          things: {columns: {id: keep, caption: keep}}
        """
    catalogue, plan = clone.plan(policy)
    found = find_in_kept_columns(clone.login, clone.database, catalogue, plan)
    caption = (TableName(schema="public", name="things"), "caption")
    assert found == {caption: "values hold raw values of public.users.email"}
    suggested = parse_policy(suggest_policy(catalogue, found_in=found))
    assert suggested.tables[caption[0]].columns["caption"].masker.name == "free_text"
