"""One refresh from beginning to end, looked at from every side: source, target, archive, Prefect, Slack, logs."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard

from deployments.demo.world import BUCKET, SOURCE_CLUSTER, TARGET_CLUSTER, World
from deployments.localaws.binaries import find_binaries
from tests.e2e.canaries import birthdays_of, canaries_of
from tests.e2e.clone_watch import CloneWatch, watched_clone
from tests.e2e.conftest import Env, fingerprint
from tests.e2e.talkative import everything_at_debug

EMPTIED = {"public.audit_log", "public.sessions"}


@dataclass(frozen=True, kw_only=True)
class Done:
    """A refresh that ended, and what was known before it began."""

    env: Env
    output: subprocess.CompletedProcess[str]
    began_at: datetime
    ended_at: datetime
    clone: CloneWatch
    #: What the servers of production and staging wrote meanwhile.
    server_logs: dict[str, str]
    source_before: dict[str, Any]
    source_after: dict[str, Any]


def log_in_to_source(world: World) -> None:
    """Try to, as the pipeline would: over TLS, as the master user."""
    cluster = world.aws.client("rds").describe_db_clusters(DBClusterIdentifier=SOURCE_CLUSTER)["DBClusters"][
        0
    ]
    psycopg.connect(
        host=cluster["Endpoint"],
        port=cluster["Port"],
        user="master",
        password=world.source_password,
        dbname=world.database,
        sslmode="require",
    ).close()


def state_of_source(world: World) -> dict[str, Any]:
    """Rows, schema, roles, slots and settings of production, as its own superuser sees them."""
    conninfo = world.source_conninfo()
    with psycopg.connect(conninfo) as connection:

        def rows(text: str) -> list[tuple[Any, ...]]:
            return connection.execute(text.encode()).fetchall()

        return {
            "rows": fingerprint(conninfo),
            "schema": subprocess.run(
                [
                    find_binaries().tool("pg_dump"),
                    "--schema-only",
                    "--restrict-key=same",
                    "--dbname",
                    conninfo,
                ],
                capture_output=True,
                text=True,
                check=True,
            ).stdout,
            "roles": rows("SELECT * FROM pg_authid ORDER BY oid"),
            "memberships": rows("SELECT * FROM pg_auth_members ORDER BY oid"),
            "slots": rows("SELECT slot_name FROM pg_replication_slots ORDER BY 1"),
            "databases": rows("SELECT datname, datdba, datacl FROM pg_database ORDER BY 1"),
            "settings": rows("SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2"),
            "large objects": rows(
                "SELECT loid, md5(string_agg(data, '' ORDER BY pageno)) FROM pg_largeobject GROUP BY 1"
            ),
        }


@contextmanager
def closed_source(world: World) -> Iterator[None]:
    """Nobody but local AWS itself gets into production's server, and its log says who tried."""
    with psycopg.connect(world.aws.superuser_conninfo(SOURCE_CLUSTER), autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row
        rules = Path(row[0])
        usual = rules.read_text()
        try:
            rules.write_text("local all rdsadmin trust\nhost all all all reject\n")
            connection.execute("SELECT pg_reload_conf()")
            yield
        finally:
            rules.write_text(usual)
            connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def done(envs: Any, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    env: Env = envs()
    with psycopg.connect(world.source_conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot('a_standby_of_production')")
        connection.execute("ALTER DATABASE shop SET work_mem = '16MB'")
    before = state_of_source(world)
    written = {name: len(world.aws.server_log(name)) for name in (SOURCE_CLUSTER, TARGET_CLUSTER)}
    began_at = datetime.now(UTC)
    with closed_source(world), watched_clone(env) as clone:
        output = env.refresh(**everything_at_debug(tmp_path_factory.mktemp("logging")))
        logs = {name: world.aws.server_log(name)[length:] for name, length in written.items()}
        ended_at = datetime.now(UTC)
        with pytest.raises(psycopg.OperationalError, match="pg_hba"):
            log_in_to_source(world)
    yield Done(
        env=env,
        output=output,
        began_at=began_at,
        ended_at=ended_at,
        clone=clone,
        server_logs=logs,
        source_before=before,
        source_after=state_of_source(world),
    )
    clone.close()
    env.forget()


def test_the_command_ends_well(done: Done) -> None:
    assert done.output.returncode == 0, done.output.stderr[-6000:]
    assert done.env.runs()[0]["state_name"] == "Completed"


class TestTarget:
    """What staging has afterwards."""

    def test_holds_as_many_rows_as_production_but_where_the_policy_empties(
        self, done: Done, world: World
    ) -> None:
        counts = {table: found.split(":")[0] for table, found in done.env.fingerprint().items()}
        source = {
            table: "0" if table in EMPTIED else found.split(":")[0]
            for table, found in fingerprint(world.source_conninfo()).items()
        }
        assert counts == source

    def test_holds_what_the_users_script_says(self, done: Done, world: World) -> None:
        rows = {
            id_: rest for id_, *rest in done.env.query("SELECT id, ssn, email, phone FROM users ORDER BY id")
        }
        with psycopg.connect(world.source_conninfo()) as connection:
            for id_, ssn in connection.execute("SELECT id, ssn FROM users"):
                assert rows[id_] == [f"XXX-XX-{ssn[-4:]}", f"user_{id_}@example.dev", "555-000-0000"]

    def test_keeps_what_the_policy_keeps(self, done: Done, world: World) -> None:
        kept = "SELECT id, public_id, country, status, referred_by, created_at, updated_at FROM users ORDER BY id"
        with psycopg.connect(world.source_conninfo()) as connection:
            assert done.env.query(kept) == connection.execute(kept.encode()).fetchall()

    def test_masks_one_address_alike_in_every_table(self, done: Done) -> None:
        (found,) = done.env.query(
            "SELECT count(*) FILTER (WHERE o.shipping_street = u.street), count(*) FROM orders o"
            " JOIN users u ON u.id = o.user_id"
        )
        with psycopg.connect(done.env.world.source_conninfo()) as connection:
            wanted = connection.execute(
                "SELECT count(*) FILTER (WHERE o.shipping_street = u.street), count(*) FROM orders o"
                " JOIN users u ON u.id = o.user_id"
            ).fetchone()
        assert wanted
        assert found[0] >= wanted[0] > 0

    def test_has_no_large_object(self, done: Done) -> None:
        assert done.env.query("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]

    def test_has_the_materialized_view_of_masked_rows(self, done: Done) -> None:
        (found,) = done.env.query(
            "SELECT count(*), count(*) FILTER (WHERE email LIKE 'user\\_%@example.dev') FROM reporting.best_customers"
        )
        assert found[0] == found[1]

    def test_has_no_trace_of_the_masking(self, done: Done) -> None:
        assert done.env.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'refresh%'") == []

    def test_ran_the_post_restore_script(self, done: Done) -> None:
        assert done.env.query(
            "SELECT count(DISTINCT password_hash), min(left(password_hash, 4)) FROM users"
        ) == [(1, "$2a$")]

    def test_keeps_its_own_settings_owner_grants_and_comment(self, done: Done) -> None:
        env = done.env
        assert env.query(
            "SELECT pg_get_userbyid(datdba), has_database_privilege('staging_reader', datname, 'CONNECT')"
            " FROM pg_database WHERE datname = current_database()"
        ) == [("shop_owner", True)]
        assert env.query("SHOW statement_timeout") == [("90s",)]
        assert env.query(
            "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase"
            " JOIN pg_roles r ON r.oid = s.setrole WHERE d.datname = current_database() AND r.rolname = 'shop_app'"
        ) == [(["search_path=public, reporting"],)]
        assert env.query("SELECT has_column_privilege('staging_reader', 'users', 'id', 'SELECT')") == [
            (True,)
        ]
        ((comment,),) = env.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        assert comment.startswith("Staging of the shop\n")

    def test_has_the_users_own_database_beside_it(self, done: Done) -> None:
        assert done.env.query("SELECT count(*) FROM users", f"{done.env.database}__original") == [(20,)]


class TestSource:
    """Production is what it was, and was asked for nothing but a description and a snapshot."""

    @pytest.mark.parametrize(
        "what", ["rows", "schema", "roles", "memberships", "slots", "databases", "settings", "large objects"]
    )
    def test_is_what_it_was(self, done: Done, what: str) -> None:
        assert done.source_before[what]
        assert done.source_after[what] == done.source_before[what]

    def test_saw_describe_and_create_snapshot_and_nothing_else(self, done: Done, world: World) -> None:
        """Itself, its instances, and its automated snapshots, whose names all hold the cluster's."""
        calls = {
            call.action
            for call in world.aws.calls
            if done.began_at <= call.time <= done.ended_at
            and any(SOURCE_CLUSTER in value for value in call.parameters.values())
        }
        assert "CreateDBClusterSnapshot" in calls
        assert {call for call in calls if not call.startswith("Describe")} == {"CreateDBClusterSnapshot"}

    def test_saw_nobody_try_to_log_in(self, done: Done, world: World) -> None:
        """But the one try that was made after the refresh, to see that a try is written down."""
        assert "rejects connection" not in done.server_logs[SOURCE_CLUSTER]
        assert "rejects connection" in world.aws.server_log(SOURCE_CLUSTER)


class TestClone:
    def test_refuses_productions_password_once_the_clone_step_has_ended(self, done: Done) -> None:
        assert done.clone.answer_to_the_old_password == "28P01"

    def test_has_the_capacity_that_the_env_says_and_no_pause(self, done: Done) -> None:
        assert done.clone.cluster
        assert done.clone.cluster["ServerlessV2ScalingConfiguration"] == {
            "MinCapacity": 0.5,
            "MaxCapacity": 2.0,
        }


class TestArchive:
    @pytest.fixture(scope="class")
    def directory(self, done: Done, world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The archive as it lies in S3, downloaded."""
        directory = tmp_path_factory.mktemp("archive")
        s3 = world.aws.client("s3")
        prefix = f"refresh/{done.env.name}/{done.env.database}/{done.env.run_key().key}/"
        for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]:
            s3.download_file(BUCKET, item["Key"], str(directory / item["Key"].removeprefix(prefix)))
        return directory

    def test_is_restored_by_plain_pg_restore_to_the_same_database(
        self, done: Done, world: World, directory: Path
    ) -> None:
        name = f"{done.env.database}_plain"
        with psycopg.connect(world.target_conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        plain = subprocess.run(
            [
                find_binaries().tool("pg_restore"),
                "-j",
                "2",
                "--dbname",
                world.target_conninfo(name),
                str(directory),
            ],
            capture_output=True,
            text=True,
        )
        assert plain.returncode == 0, plain.stderr[-3000:]
        restored, live = done.env.fingerprint(name), done.env.fingerprint()
        # The post-restore script changed one column of one table after the archive was loaded.
        users = "SELECT to_jsonb(u) - 'password_hash' FROM users u ORDER BY id"
        assert done.env.query(users, name) == done.env.query(users)
        assert {table: rows for table, rows in restored.items() if table != "public.users"} == {
            table: rows for table, rows in live.items() if table != "public.users"
        }

    def test_says_in_its_manifest_what_it_is(self, done: Done, directory: Path) -> None:
        manifest = json.loads((directory / "manifest.json").read_text())
        assert manifest["verdict"] == "passed"
        assert manifest["env"] == done.env.name
        assert {item["name"] for item in manifest["objects"]} <= {path.name for path in directory.iterdir()}

    def test_is_encrypted_with_our_key_and_tagged(self, done: Done, world: World) -> None:
        s3 = world.aws.client("s3")
        key = f"refresh/{done.env.name}/{done.env.database}/{done.env.run_key().key}/manifest.json"
        head = s3.head_object(Bucket=BUCKET, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", world.kms_key_arn)
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]}
        assert tags["refresh:env"] == done.env.name

    def test_holds_no_personal_value_and_no_secret(self, directory: Path, canaries: list[str]) -> None:
        assert (directory / "masking-report.json").exists()
        for path in directory.iterdir():
            content = path.read_bytes()
            if path.suffix == ".zst":
                content = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()
            assert [canary for canary in canaries if canary.encode() in content] == [], path.name


@pytest.fixture(scope="module")
def canaries(done: Done, world: World) -> list[str]:
    """Values of production that must be nowhere, and every secret that there was."""
    assert done.clone.password
    return [*canaries_of(world), done.clone.password]


@pytest.fixture(scope="module")
def unheard(canaries: list[str], world: World) -> list[str]:
    """What nobody may hear of: dates of birth as well."""
    return [*canaries, *birthdays_of(world)]


class TestNobodyHears:
    """No value of production's rows and no secret, wherever a run leaves traces."""

    def test_in_the_logs_at_debug(self, done: Done, unheard: list[str]) -> None:
        text = done.output.stdout + done.output.stderr
        for logger in ("botocore", "psycopg"):
            assert f" | DEBUG   | {logger}" in text
        lines = [line for line in text.splitlines() for value in unheard if value in line]
        assert lines == []

    def test_in_prefects_database_its_files_and_its_log(self, done: Done, unheard: list[str]) -> None:
        with closing(sqlite3.connect(f"file:{done.env.prefect.database}?mode=ro", uri=True)) as connection:
            heard = {name.split(".")[0] for (name,) in connection.execute("SELECT DISTINCT name FROM log")}
        assert heard >= {"botocore", "psycopg"}
        assert done.env.prefect.holding(unheard) == []

    def test_in_slack(self, done: Done, unheard: list[str]) -> None:
        text = "\n".join(done.env.slack())
        assert [value for value in unheard if value in text] == []

    @pytest.mark.parametrize("server", [SOURCE_CLUSTER, TARGET_CLUSTER, "clone"])
    def test_in_postgresqls_logs(self, done: Done, unheard: list[str], server: str) -> None:
        text = done.clone.log if server == "clone" else done.server_logs[server]
        assert [value for value in unheard if value in text] == []

    def test_in_the_call_log_of_local_aws(self, done: Done, world: World, unheard: list[str]) -> None:
        text = "\n".join(map(str, world.aws.calls))
        assert "ModifyDBCluster" in text
        assert [value for value in unheard if value in text] == []


class TestPeople:
    """What people are told."""

    def test_slack_hears_of_the_snapshot_and_of_the_success(self, done: Done) -> None:
        snapshot, success = done.env.slack()
        assert f"snapshot `refresh-{done.env.name}-" in snapshot
        assert SOURCE_CLUSTER in success
        assert f"s3://{BUCKET}/refresh/{done.env.name}/" in success
        page = (
            f"{done.env.process_environment['PREFECT_UI_URL']}/runs/flow-run/{done.env.run_key().flow_run_id}"
        )
        assert (snapshot.splitlines()[-1], success.splitlines()[-1]) == (page, page)

    def test_the_runs_page_shows_a_summary(self, done: Done) -> None:
        artifacts = done.env.prefect.api(
            "POST", "/artifacts/filter", {"artifacts": {"key": {"any_": [f"refresh-{done.env.name}"]}}}
        )
        (artifact,) = artifacts
        assert artifact["flow_run_id"] == str(done.env.run_key().flow_run_id)
        assert "public.users" in artifact["data"]


def test_nothing_is_left_over(done: Done) -> None:
    assert done.env.leftovers(archive_of=done.env.run_key()) == []
