"""An archive that leaves an extension of operations out loads without it, whichever pg_dump wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.archive.dump import dump_database
from tasks.archive.load import load_archive
from tasks.archive.saved_schema import save_schema
from tests.integration.archive.conftest import FACTS, OWNER, Databases, NewRun

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCRIPT = f"""
    CREATE EXTENSION citext;
    CREATE EXTENSION pgrowlocks; COMMENT ON EXTENSION pgrowlocks IS 'who locks what';
    GRANT CREATE ON SCHEMA public TO {OWNER}; SET ROLE {OWNER};
    CREATE TABLE notes (id int, note citext); INSERT INTO notes VALUES (1, 'x');
"""


def test_an_extension_that_is_left_out_is_not_made(
    databases: Databases, s3_client: S3Client, bucket: str, new_run: NewRun, empty_database: str
) -> None:
    ownership, prefix = new_run()
    with databases.fresh(SCRIPT) as database:
        save_schema(databases.login, database)
        manifest = dump_database(
            login=databases.login, database=database, s3_client=s3_client, bucket=bucket, prefix=prefix,
            kms_key_id=None, ownership=ownership, facts=FACTS,
        )  # fmt: skip
    loaded = load_archive(
        login=databases.login, database=empty_database, owner_role=OWNER, s3_client=s3_client, bucket=bucket,
        prefix=prefix, manifest=manifest,
    )  # fmt: skip
    assert loaded.skipped == ()
    with databases.superuser(empty_database) as connection:
        extensions = connection.execute("SELECT extname FROM pg_extension ORDER BY 1").fetchall()
        notes = connection.execute("SELECT id, note FROM notes").fetchall()
    assert extensions == [("citext",), ("plpgsql",)]
    assert notes == [(1, "x")]
