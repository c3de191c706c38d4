"""What a dump refuses, what it leaves behind when it fails, and how it marks what it writes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from contracts.errors import ClientToolFailed, NotOurs, PreconditionFailed, RefreshError, VerificationFailed
from contracts.manifest import Manifest
from contracts.ownership import Ownership, ownership_of_tags
from masking.keys import MaskingKeys
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tasks.archive.dump import MaskingFacts, dump_database
from tasks.archive.layout import MIB, Sizes
from tasks.archive.load import load_archive
from tasks.archive.saved_schema import save_schema
from tasks.archive.store import find_archive
from tasks.postgres import table_copies
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import finish

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.integration.archive.conftest import Databases, Dumped, NewRun

FACTS = MaskingFacts(snapshot_arn="arn:s", policy_digest="d1", verdict="passed")
SMALL_SHOP = """
    SET ROLE shop_owner;
    CREATE TABLE public.users (id int PRIMARY KEY, email text);
    INSERT INTO public.users SELECT g, 'user_' || g || '@example.dev' FROM generate_series(1, 5000) AS g;
    CREATE TABLE public.orders (id int PRIMARY KEY, user_id int REFERENCES public.users (id));
    INSERT INTO public.orders SELECT g, g FROM generate_series(1, 5000) AS g;
    CREATE TABLE public.empty (id int);
"""


class Dumper:
    """Dumps into a prefix of its own run."""

    def __init__(
        self, databases: Databases, s3_client: S3Client, bucket: str, run: Ownership, prefix: str
    ) -> None:
        self.databases = databases
        self.s3_client = s3_client
        self.bucket = bucket
        self.run = run
        self.prefix = prefix

    def dump(self, database: str, **changes: Any) -> Manifest:
        """Save the schema as masking does, and dump."""
        save_schema(self.databases.login, database, compression=changes.pop("compression", None))
        return self.dump_only(database, **changes)

    def dump_only(self, database: str, **changes: Any) -> Manifest:
        arguments: dict[str, Any] = {
            "login": self.databases.login, "database": database, "s3_client": self.s3_client, "bucket": self.bucket,
            "prefix": self.prefix, "kms_key_id": None, "ownership": self.run, "facts": FACTS, "jobs": 2,
        }  # fmt: skip
        return dump_database(**(arguments | changes))

    def names(self) -> list[str]:
        listed = self.s3_client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix)
        return [item["Key"].removeprefix(self.prefix) for item in listed.get("Contents", [])]

    def uploads(self) -> list[str]:
        listed = self.s3_client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix)
        return [upload["Key"] for upload in listed.get("Uploads", [])]


@pytest.fixture
def dumper(databases: Databases, s3_client: S3Client, bucket: str, new_run: NewRun) -> Dumper:
    run, prefix = new_run()
    return Dumper(databases, s3_client, bucket, run, prefix)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("SELECT lo_from_bytea(0, 'raw')", "1 large objects"),
        ("CREATE SCHEMA refresh_mask", "refresh_mask"),
        (
            """CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
               CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password 'p')""",
            "a foreign server's password",
        ),
    ],
)
def test_what_masking_should_have_removed_is_refused(
    script: str, reason: str, dumper: Dumper, databases: Databases
) -> None:
    with databases.fresh(script) as database, pytest.raises(PreconditionFailed, match=reason):
        dumper.dump(database)
    assert dumper.names() == []


@pytest.mark.parametrize("verdict", ["failed", "not run", ""])
def test_data_that_did_not_pass_verification_is_refused(verdict: str, dumper: Dumper, shop: str) -> None:
    with pytest.raises(VerificationFailed):
        dumper.dump(shop, facts=replace(FACTS, verdict=verdict))
    assert dumper.names() == []


def test_an_empty_database_makes_an_archive(
    dumper: Dumper, empty_database: str, databases: Databases
) -> None:
    with databases.fresh() as nothing:
        manifest = dumper.dump(nothing)
    assert (manifest.tables, manifest.rows) == ((), 0)
    assert sorted(dumper.names()) == ["manifest.json", "toc.dat"]
    load_archive(
        login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
        bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest,
    )  # fmt: skip


def test_a_second_dump_of_one_run_finds_the_first(archive: Dumped, dumper: Dumper) -> None:
    dumper.run, dumper.prefix = archive.ownership, archive.prefix
    facts = replace(FACTS, snapshot_arn=archive.manifest.snapshot_arn)
    assert dumper.dump_only("not asked", facts=facts) == archive.manifest
    with pytest.raises(PreconditionFailed, match="other data or masked by another policy"):
        dumper.dump_only("not asked", facts=replace(facts, policy_digest="d2"))


def test_another_runs_archive_is_not_adopted(archive: Dumped, dumper: Dumper) -> None:
    dumper.prefix = archive.prefix
    with pytest.raises(NotOurs, match=str(archive.ownership.flow_run_id)):
        dumper.dump_only("not asked")


def test_a_dump_that_fails_midway_leaves_no_upload_and_no_manifest(
    dumper: Dumper, databases: Databases
) -> None:
    """The master user may read the last table, but its policies hold for that user, and it isn't its owner."""
    script = """
        CREATE TABLE public.big AS SELECT g AS id, md5(g::text) || md5('a' || g) || md5('b' || g) AS token
          FROM generate_series(1, 200000) AS g;
        CREATE TABLE public.closed (ssn text);
        INSERT INTO public.closed VALUES ('000-11-2222');
        ALTER TABLE public.closed ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO master;
    """
    sizes = Sizes(frame_bytes=MIB, part_bytes=5 * MIB)
    began: list[str] = []
    dumper.s3_client.meta.events.register(
        "before-call.s3.CreateMultipartUpload", lambda **_: began.append("upload"), unique_id="began"
    )
    with databases.fresh(script) as database, pytest.raises(ClientToolFailed) as raised:
        dumper.dump(database, jobs=1, sizes=sizes)
    dumper.s3_client.meta.events.unregister("before-call.s3.CreateMultipartUpload", unique_id="began")
    assert "public.closed" in str(raised.value)
    assert "42501" in str(raised.value)
    assert "000-11-2222" not in str(raised.value)
    assert began
    assert dumper.uploads() == []
    assert "manifest.json" not in dumper.names()


def test_a_run_dumps_again_over_what_a_failed_dump_left(dumper: Dumper, databases: Databases) -> None:
    tags = "&".join(f"{key}={value}" for key, value in dumper.run.tags().items())
    dumper.s3_client.put_object(
        Bucket=dumper.bucket, Key=f"{dumper.prefix}1.dat.zst", Body=b"half", Tagging=tags
    )
    dumper.s3_client.create_multipart_upload(Bucket=dumper.bucket, Key=f"{dumper.prefix}2.dat.zst")
    with databases.fresh(
        "CREATE TABLE public.t (id int); ALTER TABLE public.t OWNER TO shop_owner"
    ) as database:
        manifest = dumper.dump(database)
    assert sorted(dumper.names()) == sorted(["manifest.json", *(item.name for item in manifest.objects)])
    assert dumper.uploads() == []


@pytest.mark.parametrize("chunk_bytes", [MIB, 128 * MIB])
def test_a_table_that_masking_wrote_in_several_pieces_is_dumped_whole(
    dumper: Dumper,
    databases: Databases,
    empty_database: str,
    monkeypatch: pytest.MonkeyPatch,
    chunk_bytes: int,
) -> None:
    monkeypatch.setattr(table_copies, "_PAGES_AT_LEAST", 16)
    with databases.fresh(SMALL_SHOP) as source:
        with databases.superuser(source) as connection:
            connection.execute("UPDATE users SET email = repeat(email, 30); ANALYZE")
        save_schema(databases.login, source)
        catalogue = read_catalogue(databases.login, source)
        columns = "{columns: {id: keep, email: pseudonym}}, orders: {columns: {id: keep, user_id: keep}}"
        plan = make_plan(catalogue, parse_policy(f"tables: {{users: {columns}, empty: empty}}"))
        keys = MaskingKeys(root=bytes(range(32)))
        rewrite(databases.login, source, catalogue, plan, keys, copy_from_bytes=0)
        finish(databases.login, source)
        with databases.superuser(source) as connection:
            query = "SELECT id, email FROM users ORDER BY id"
            masked = connection.execute(query).fetchall()
            assert connection.execute("SELECT count(*) FROM pg_inherits").fetchall()[0][0] > 4
        manifest = dumper.dump_only(source, sizes=Sizes(chunk_bytes=chunk_bytes))
    load_archive(
        login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
        bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest, jobs=2,
    )  # fmt: skip
    with databases.superuser(empty_database) as connection:
        assert connection.execute(query).fetchall() == masked
        assert len(masked) == 5000
        assert connection.execute("SELECT count(*) FROM pg_inherits").fetchall() == [(0,)]


def test_every_object_carries_the_runs_tags_and_our_key(dumper: Dumper, databases: Databases) -> None:
    script = """
        CREATE TABLE public.big AS SELECT g AS id, md5(g::text) || md5('a' || g) || md5('b' || g) AS token
          FROM generate_series(1, 150000) AS g;
        ALTER TABLE public.big OWNER TO shop_owner;
    """
    key = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    with databases.fresh(script) as database:
        manifest = dumper.dump(database, kms_key_id=key, sizes=Sizes(frame_bytes=MIB, part_bytes=5 * MIB))
    assert len(manifest.tables[0].parts) > 1
    for name in dumper.names():
        key_of_object = dumper.prefix + name
        head = dumper.s3_client.head_object(Bucket=dumper.bucket, Key=key_of_object)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
        tags = dumper.s3_client.get_object_tagging(Bucket=dumper.bucket, Key=key_of_object)["TagSet"]
        assert ownership_of_tags({tag["Key"]: tag["Value"] for tag in tags}) == dumper.run


def test_rows_of_an_extensions_own_tables_stay_out(dumper: Dumper, databases: Databases) -> None:
    """As pg_cron's cron.job: a table whose rows its extension asks pg_dump to carry."""
    script = """
        CREATE SCHEMA "Cron";
        CREATE TABLE "Cron"."job ""1"" all" (command text);
        INSERT INTO "Cron"."job ""1"" all" VALUES ('call production');
        CREATE TABLE public.job (command text);
        INSERT INTO public.job VALUES ('stays');
        CREATE EXTENSION citext;
        ALTER EXTENSION citext ADD TABLE "Cron"."job ""1"" all";
        UPDATE pg_extension SET extconfig = ARRAY['"Cron"."job ""1"" all"'::regclass::oid], extcondition = ARRAY['']
         WHERE extname = 'citext';
        GRANT SELECT ON public.job TO master;
    """
    with databases.fresh(script) as database:
        manifest = dumper.dump(database)
        listed = databases.tool("pg_dump", "-d", databases.conninfo(database))
    assert "call production" in listed, "plain pg_dump carries it"
    assert [(table.table, table.rows) for table in manifest.tables] == [("public.job", 1)]


def test_no_command_line_holds_the_password(
    dumper: Dumper, databases: Databases, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_lines: list[str] = []
    start = subprocess.Popen.__init__

    def record(self: subprocess.Popen[bytes], args: list[str], *rest: Any, **options: Any) -> None:
        command_lines.append(" ".join(args))
        start(self, args, *rest, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", record)
    with databases.fresh(SMALL_SHOP) as database:
        manifest = dumper.dump(database)
    load_archive(
        login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
        bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest,
    )  # fmt: skip
    assert {line.split("/")[-1].split(" ")[0] for line in command_lines} >= {"psql"}
    assert any("pg_dump " in line for line in command_lines)
    assert any("pg_restore " in line for line in command_lines)
    assert not [line for line in command_lines if databases.login.password().get_secret_value() in line]


def test_an_index_that_the_rows_break_is_named_without_the_rows(
    dumper: Dumper, databases: Databases, empty_database: str
) -> None:
    script = """
        CREATE TABLE public.people (ssn text);
        CREATE INDEX people_ssn ON public.people (ssn);
        INSERT INTO public.people VALUES ('000-11-2222'), ('000-11-2222');
        UPDATE pg_index SET indisunique = true WHERE indexrelid = 'public.people_ssn'::regclass;
        ALTER TABLE public.people OWNER TO shop_owner;
    """
    with databases.fresh(script) as database:
        manifest = dumper.dump(database)
    with pytest.raises(ClientToolFailed) as raised:
        load_archive(
            login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
            bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest,
        )  # fmt: skip
    assert "INDEX people_ssn" in str(raised.value)
    assert 'could not create unique index "people_ssn"' in str(raised.value)
    assert "000-11-2222" not in repr(raised.value)


def test_rows_that_a_check_refuses_are_named_by_their_table_without_the_rows(
    dumper: Dumper, databases: Databases, empty_database: str
) -> None:
    script = """
        CREATE TABLE public.people (ssn text);
        INSERT INTO public.people VALUES ('000-11-2222');
        ALTER TABLE public.people ADD CONSTRAINT short CHECK (length(ssn) < 5) NOT VALID;
        UPDATE pg_constraint SET convalidated = true WHERE conname = 'short';
        ALTER TABLE public.people OWNER TO shop_owner;
    """
    with databases.fresh(script) as database:
        manifest = dumper.dump(database)
    with pytest.raises(RefreshError) as raised:
        load_archive(
            login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
            bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest,
        )  # fmt: skip
    assert "public.people" in str(raised.value)
    assert "constraint short" in str(raised.value)
    assert "000-11-2222" not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_gzip_archive_goes_the_same_way(
    dumper: Dumper, databases: Databases, empty_database: str, tmp_path: Path
) -> None:
    """As with client tools of PostgreSQL 15, which have no zstd."""
    with databases.fresh(SMALL_SHOP) as database:
        manifest = dumper.dump(database, compression="gzip", sizes=Sizes(frame_bytes=10_000))
        contents = databases.contents(database)
    assert {item.name.rsplit(".", 1)[1] for item in manifest.objects} == {"dat", "gz"}
    load_archive(
        login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
        bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest,
    )  # fmt: skip
    assert databases.contents(empty_database) == contents
    for name in dumper.names():
        dumper.s3_client.download_file(dumper.bucket, dumper.prefix + name, str(tmp_path / name))
    with databases.fresh() as database:
        databases.tool("pg_restore", "--exit-on-error", "-d", databases.conninfo(database), str(tmp_path))
        assert databases.contents(database) == contents


def test_a_missing_bucket_is_named(dumper: Dumper, shop: str) -> None:
    with pytest.raises(RefreshError, match="no-such-bucket"):
        dumper.dump(shop, bucket="no-such-bucket")
    assert find_archive(dumper.s3_client, dumper.bucket, dumper.prefix) is None


def test_a_clone_whose_schema_was_not_saved_is_refused(dumper: Dumper, empty_database: str) -> None:
    with pytest.raises(PreconditionFailed, match="no saved schema"):
        dumper.dump_only(empty_database)
    assert dumper.names() == []


def test_the_saved_schema_is_what_is_dumped_whatever_the_tables_have_become(
    dumper: Dumper, databases: Databases, empty_database: str
) -> None:
    """As masking leaves a table that it wrote anew: a heap of rows under the old name."""
    with databases.fresh(SMALL_SHOP) as clone:
        schema, contents = databases.schema(clone), databases.contents(clone)
        save_schema(databases.login, clone)
        with databases.superuser(clone) as connection:
            connection.execute("CREATE UNLOGGED TABLE public.anew AS SELECT * FROM public.users")
            connection.execute("DROP TABLE public.users CASCADE")
            connection.execute("ALTER TABLE public.anew RENAME TO users")
            connection.execute("GRANT SELECT ON public.users TO master")
        save_schema(databases.login, clone)
        manifest = dumper.dump_only(clone)
    load_archive(
        login=databases.login, database=empty_database, owner_role="shop_owner", s3_client=dumper.s3_client,
        bucket=dumper.bucket, prefix=dumper.prefix, manifest=manifest,
    )  # fmt: skip
    assert (databases.schema(empty_database), databases.contents(empty_database)) == (schema, contents)
