"""What goes into an archive comes out of it: by plain pg_restore, and by our load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks.archive.layout import MIB, Sizes
from tasks.archive.load import load_archive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.integration.archive.conftest import Databases, Dumped

OWNER = "shop_owner"
# The big table comes in several portions.
SMALL = Sizes(load_bytes=5 * MIB)


@pytest.fixture(scope="module")
def downloaded(archive: Dumped, s3_client: S3Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    for item in s3_client.list_objects_v2(Bucket=archive.bucket, Prefix=archive.prefix)["Contents"]:
        name = item["Key"].removeprefix(archive.prefix)
        s3_client.download_file(archive.bucket, item["Key"], str(directory / name))
    return directory


@pytest.mark.parametrize("jobs", [1, 2])
def test_plain_pg_restore_makes_the_same_database(
    jobs: int, downloaded: Path, archive: Dumped, databases: Databases, empty_database: str
) -> None:
    databases.tool(
        "pg_restore",
        "--exit-on-error",
        f"--jobs={jobs}",
        "-d",
        databases.conninfo(empty_database),
        str(downloaded),
    )
    assert databases.schema(empty_database) == databases.schema(archive.database)
    assert databases.contents(empty_database) == databases.contents(archive.database)


def test_our_load_makes_the_same_database_as_a_user_who_is_no_superuser(
    archive: Dumped, databases: Databases, empty_database: str, s3_client: S3Client
) -> None:
    loaded = load_archive(
        login=databases.login, database=empty_database, owner_role=OWNER, s3_client=s3_client, bucket=archive.bucket,
        prefix=archive.prefix, manifest=archive.manifest, jobs=3, sizes=SMALL,
    )  # fmt: skip
    assert databases.contents(empty_database) == databases.contents(archive.database)
    assert {(table.table, table.rows) for table in loaded.tables} == {
        (table.table, table.rows) for table in archive.manifest.tables
    }
    made = databases.schema(empty_database, "--no-privileges")
    lacking = [entry for entry in databases.schema(archive.database, "--no-privileges") if entry not in made]
    assert [entry.split("; Schema", maxsplit=1)[0] for entry in lacking] == [
        "EVENT TRIGGER watch_ddl; Type: COMMENT",
        "EXTENSION citext; Type: COMMENT",
        "PUBLICATION everything; Type: COMMENT",
        "everything; Type: PUBLICATION",
        "watch_ddl; Type: EVENT TRIGGER",
    ]
    # The extension's comment isn't reported: CREATE EXTENSION has set its own.
    assert [skipped.entry for skipped in loaded.skipped] == [
        "PUBLICATION - everything rdsadmin",
        "COMMENT - PUBLICATION everything rdsadmin",
        "EVENT TRIGGER - watch_ddl rdsadmin",
        "COMMENT - EVENT TRIGGER watch_ddl rdsadmin",
    ]


def test_rows_and_values_are_those_of_the_manifest(archive: Dumped, databases: Databases) -> None:
    contents = databases.contents(archive.database)
    for table in archive.manifest.tables:
        assert contents[table.table][0] == table.rows


def test_a_big_table_is_one_object_of_several_parts(archive: Dumped) -> None:
    big = next(table for table in archive.manifest.tables if table.table == "public.big")
    assert len(big.parts) >= 3
    assert big.rows == 200_000


def test_a_table_whose_policies_hold_for_its_owner_too_is_dumped_whole(
    archive: Dumped, databases: Databases
) -> None:
    rows = {table.table: table.rows for table in archive.manifest.tables}
    assert (rows["public.guarded"], rows["public.forced"]) == (50, 60)
    with databases.superuser(archive.database) as connection:
        forced = connection.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'forced'"
        ).fetchone()
    assert forced == (True,), "its policies were lifted for the dump's own session only"


def test_statistics_for_the_planner_are_there_after_a_load(
    archive: Dumped, databases: Databases, empty_database: str, s3_client: S3Client
) -> None:
    load_archive(
        login=databases.login, database=empty_database, owner_role=OWNER, s3_client=s3_client, bucket=archive.bucket,
        prefix=archive.prefix, manifest=archive.manifest,
    )  # fmt: skip
    with databases.superuser(empty_database) as connection:
        analyzed = connection.execute(
            "SELECT relname, reltuples FROM pg_class WHERE relname IN ('big', 'events', 'moods') ORDER BY 1"
        ).fetchall()
    assert analyzed == [("big", 200_000), ("events", 800), ("moods", 3)]
