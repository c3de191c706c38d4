"""What live has and a rename would leave behind is in the restored database before it becomes live."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from contracts.errors import PreconditionFailed
from contracts.ownership import users_comment
from deployments.localaws.postgresql import local_postgresql
from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.carry_over import carry_over

if TYPE_CHECKING:
    from contracts.naming import RunKey
    from tests.integration.target.conftest import Target

# A schema as its owner made it. In the archive it comes without owners and grants.
SCHEMA = """
CREATE SCHEMA shop;
CREATE SCHEMA "Odd Schema";
CREATE TYPE shop.mood AS ENUM ('calm', 'cross');
CREATE DOMAIN shop.code AS text CHECK (value <> '');
CREATE TYPE shop.size AS (width int, height int);
CREATE TYPE shop.span AS RANGE (subtype = int4);
CREATE TABLE shop.users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, ssn text, mood shop.mood);
CREATE TABLE shop.orders (id serial, at date NOT NULL, size shop.size) PARTITION BY RANGE (at);
CREATE TABLE shop.orders_2024 PARTITION OF shop.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE "Odd Schema"."Odd ""T"" able" ("Odd Column" int);
CREATE VIEW shop.emails AS SELECT email FROM shop.users;
CREATE MATERIALIZED VIEW shop.counts AS SELECT count(*) FROM shop.users;
CREATE SEQUENCE shop.numbers;
CREATE FUNCTION shop.shout(word text, VARIADIC rest int[]) RETURNS text LANGUAGE sql AS $$ SELECT upper(word) $$;
CREATE FUNCTION shop.guarded() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$;
CREATE PROCEDURE shop.tidy() LANGUAGE sql AS $$ SELECT 1 $$;
CREATE AGGREGATE shop.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE OPERATOR shop.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE COLLATION shop.plain (locale = 'C');
CREATE STATISTICS shop.related ON email, ssn FROM shop.users;
CREATE TEXT SEARCH CONFIGURATION shop.words (COPY = pg_catalog.simple);
"""

# What people set up on their dev database over the years.
ACCESS = """
GRANT USAGE ON SCHEMA shop TO app_reader, app_writer, migrator;
GRANT CREATE ON SCHEMA shop TO migrator;
GRANT ALL ON SCHEMA "Odd Schema" TO "Quoted Role" WITH GRANT OPTION;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO app_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.users, shop.orders TO app_writer;
GRANT SELECT ON "Odd Schema"."Odd ""T"" able" TO PUBLIC;
REVOKE SELECT ON shop.users FROM app_reader;
GRANT SELECT (email), UPDATE (mood) ON shop.users TO app_reader;
GRANT SELECT ("Odd Column") ON "Odd Schema"."Odd ""T"" able" TO "Quoted Role" WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE shop.numbers TO app_writer;
REVOKE EXECUTE ON FUNCTION shop.guarded() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.guarded() TO app_reader;
GRANT EXECUTE ON PROCEDURE shop.tidy() TO app_writer WITH GRANT OPTION;
REVOKE ALL ON FUNCTION shop.shout(text, int[]) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION shop.total(int) FROM PUBLIC;
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC;
GRANT USAGE ON TYPE shop.mood TO app_writer;
REVOKE DELETE ON shop.counts FROM app_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO app_reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT USAGE ON SEQUENCES TO app_writer;
ALTER TABLE shop.orders_2024 OWNER TO migrator;
ALTER VIEW shop.emails OWNER TO migrator;
"""

SETTINGS = """
REVOKE ALL ON DATABASE {db} FROM PUBLIC;
GRANT CONNECT ON DATABASE {db} TO app_reader, app_writer;
GRANT CREATE, TEMPORARY ON DATABASE {db} TO migrator WITH GRANT OPTION;
ALTER DATABASE {db} CONNECTION LIMIT 33;
ALTER DATABASE {db} SET search_path TO "$user", shop, "Odd Schema", public;
ALTER DATABASE {db} SET work_mem TO '17MB';
ALTER DATABASE {db} SET "TimeZone" TO 'Europe/Lisbon';
ALTER DATABASE {db} SET application_name TO 'it''s "fine", \\ really';
ALTER DATABASE {db} SET temp_tablespaces TO '';
ALTER ROLE app_reader IN DATABASE {db} SET statement_timeout TO '5s';
ALTER ROLE "Quoted Role" IN DATABASE {db} SET search_path TO "Odd Schema";
COMMENT ON DATABASE {db} IS 'Ask Kim first.';
"""


def set_up(target: Target) -> None:
    """Live as its owner and others made it, then a shadow's worth of data in the same schema."""
    target.execute("DROP TABLE public.marker")
    target.execute(f"SET ROLE app_owner; {SCHEMA}")
    target.execute(f"GRANT migrator TO app_owner; SET ROLE app_owner; {ACCESS}")
    target.execute("REVOKE migrator FROM app_owner")
    target.execute(SETTINGS.replace("{db}", target.database), "postgres")


def restored(target: Target, run: RunKey, more: str = "") -> str:
    """The archive's schema, created by the master user as pg_restore --no-owner --no-acl would."""
    shadow = target.restore(run, "first")
    with target.connect(shadow) as connection:
        connection.execute("DROP TABLE public.marker")
        connection.execute((SCHEMA + more).encode())
    return shadow


def dumped(target: Target, database: str) -> list[str]:
    """pg_dump --create --schema-only, without what changes from dump to dump: in order, as grants have none."""
    pg_dump = [local_postgresql().tool("pg_dump"), "--create", "--schema-only"]
    done = subprocess.run(
        [*pg_dump, "--dbname", target.superuser_conninfo(database)],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = (line for line in done.stdout.splitlines() if not re.match(r"--|\\(un)?restrict|$", line))
    return sorted(line.replace(database, "the_database") for line in lines)


def refresh(target: Target) -> tuple[str, ...]:
    run = target.run()
    with hold_target(target.login, target.database, run):
        restored(target, run)
        warnings = carry_over(target.login, target.database, run).warnings
        target.swap(run)
    return warnings


def test_live_dumps_alike_before_and_after_with_owners_grants_and_settings(target: Target) -> None:
    set_up(target)
    before = dumped(target, target.database)
    assert refresh(target) == ()
    after = dumped(target, target.database)
    assert [line for line in after if "dev-db-refresh: " not in line] == [
        line.replace("first.';", "first.") for line in before
    ]
    assert users_comment(target.comment()) == "Ask Kim first."
    assert target.owner_line() is not None


def test_carrying_over_twice_changes_nothing_more(target: Target) -> None:
    set_up(target)
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = restored(target, run)
        assert carry_over(target.login, target.database, run).statements > 50
        once = dumped(target, shadow)
        assert carry_over(target.login, target.database, run).statements == 0
        assert dumped(target, shadow) == once


def test_what_live_lacks_belongs_to_the_targets_owner_with_lives_default_privileges(target: Target) -> None:
    set_up(target)
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = restored(
            target,
            run,
            "CREATE TABLE shop.invoices (id int); GRANT ALL ON shop.invoices TO PUBLIC;"
            "CREATE FUNCTION shop.fresh() RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "CREATE SCHEMA fresh; CREATE TABLE fresh.plain (id int);",
        )
        assert carry_over(target.login, target.database, run).warnings == ()
    found = target.execute(
        "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class"
        " WHERE relname IN ('invoices', 'plain') AND relkind = 'r' UNION ALL"
        " SELECT proname, proowner::regrole::text, proacl::text FROM pg_proc WHERE proname = 'fresh' ORDER BY 1",
        shadow,
    )
    all_of_them = "arwdDxtm" if target.server_major >= 17 else "arwdDxt"  # MAINTAIN is new in 17
    assert found == [
        ("fresh", "app_owner", "{app_owner=X/app_owner}"),
        ("invoices", "app_owner", f"{{app_owner={all_of_them}/app_owner,app_reader=r/app_owner}}"),
        ("plain", "app_owner", None),
    ]


def test_an_owner_that_we_may_not_hand_to_keeps_its_rights_and_the_targets_owner_gets_the_object(
    target: Target,
) -> None:
    target.execute("CREATE TABLE public.theirs (id int); ALTER TABLE public.theirs OWNER TO stranger")
    target.execute("CREATE TABLE public.masters (id int); ALTER TABLE public.masters OWNER TO master")
    target.execute("CREATE TABLE public.superusers (id int)")
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
        with target.connect(shadow) as connection:
            for name in ("theirs", "masters", "superusers"):
                connection.execute(sql.SQL("CREATE TABLE public.{} (id int)").format(sql.Identifier(name)))
        carry_over(target.login, target.database, run)
    found = target.execute(
        "SELECT relname, relowner::regrole::text, has_table_privilege('stranger', oid, 'INSERT'),"
        " has_table_privilege('app_reader', oid, 'SELECT') FROM pg_class"
        " WHERE relname IN ('theirs', 'masters', 'superusers') ORDER BY 1",
        shadow,
    )
    assert found == [
        ("masters", "app_owner", False, False),
        ("superusers", "app_owner", False, False),
        ("theirs", "app_owner", True, False),
    ]


def test_a_setting_of_a_role_that_we_do_not_administer_is_a_warning(target: Target) -> None:
    target.execute(f"ALTER ROLE stranger IN DATABASE {target.database} SET work_mem TO '5MB'")
    target.execute(f"ALTER DATABASE {target.database} SET log_min_duration_statement TO 5")
    target.execute(f"ALTER DATABASE {target.database} SET app.motto TO 'only a superuser sets unknown ones'")
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
        carried = carry_over(target.login, target.database, run)
    assert [warning.split(" could")[0] for warning in carried.warnings] == [
        "setting log_min_duration_statement",
        "setting app.motto",
        *(["setting work_mem of role stranger"] if target.server_major >= 16 else []),
    ]
    assert all("lacks the privilege" in warning for warning in carried.warnings)
    assert target.execute(
        "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'marker'", shadow
    ) == [("app_owner",)]


def test_a_column_that_is_gone_is_a_warning(target: Target) -> None:
    target.execute(
        "ALTER TABLE public.marker ADD gone int; GRANT SELECT (gone) ON public.marker TO app_reader"
    )
    run = target.run()
    with hold_target(target.login, target.database, run):
        target.restore(run, "first")
        (warning,) = carry_over(target.login, target.database, run).warnings
    assert warning.startswith("the grants on column public.marker.gone could not be carried over")


def test_an_extensions_objects_keep_their_grants_and_a_superusers_change_to_them_is_a_warning(
    target: Target,
) -> None:
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
        for database in (target.database, shadow):
            with target.connect(database) as connection:
                connection.execute("CREATE EXTENSION citext; CREATE EXTENSION pgcrypto")
        target.execute("REVOKE EXECUTE ON FUNCTION public.gen_salt(text) FROM PUBLIC")
        (warning,) = carry_over(target.login, target.database, run).warnings
        assert warning.startswith("the grants on routine public.gen_salt(")
    can_all = (
        "SELECT bool_and(has_function_privilege('app_reader', oid, 'EXECUTE')) FROM pg_proc WHERE oid > 16384"
    )
    assert target.execute(can_all, shadow) == [(True,)]


def test_the_shadow_lets_in_only_whom_live_lets_in_from_its_first_moment(target: Target) -> None:
    set_up(target)
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
    for database in (shadow, target.database):
        assert target.execute(
            f"SELECT has_database_privilege('stranger', '{database}', 'CONNECT'),"
            f" has_database_privilege('app_reader', '{database}', 'CONNECT')"
        ) == [(False, True)]


def test_a_first_load_belongs_to_the_user_who_made_it(missing_target: Target) -> None:
    run = missing_target.run()
    with hold_target(missing_target.login, missing_target.database, run):
        shadow = missing_target.restore(run, "first")
        assert carry_over(missing_target.login, missing_target.database, run).statements == 0
    assert missing_target.execute(
        "SELECT pg_get_userbyid(datdba), datacl::text, datallowconn, datconnlimit FROM pg_database"
        " WHERE datname = current_database()",
        shadow,
    ) == [("master", None, True, -1)]


def test_nothing_is_carried_over_to_a_shadow_that_is_not_there(target: Target) -> None:
    run = target.run()
    with (
        hold_target(target.login, target.database, run),
        pytest.raises(PreconditionFailed, match="Restore the archive again"),
    ):
        carry_over(target.login, target.database, run)
