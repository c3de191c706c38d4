"""The demo shows a whole refresh, with our look-alike or with anybody's database, and its exit code tells the truth."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deployments.demo.world import load_sample, run_psql
from deployments.localaws.binaries import find_binaries
from tests.fix_prefect import CHECKOUT
from tests.fix_samples import RealDatabase

DEMO_TIMEOUT_S = 400
# A demo that hangs is ended by its own timeout, which names its command.
pytestmark = pytest.mark.timeout(DEMO_TIMEOUT_S + 60)
LOOK_ALIKE = CHECKOUT / "deployments" / "demo" / "lookalike"
# A clinic, in another style than our look-alike: no policy mentions it.
SAMPLE_SCHEMA = """
CREATE TABLE public.patients (
    patient_id integer PRIMARY KEY,
    given_name text NOT NULL,
    surname text NOT NULL,
    "E-Mail" character varying(60) UNIQUE,
    mobile text,
    birth_date date,
    ward text
);
CREATE TABLE public.visits (
    visit_id integer PRIMARY KEY,
    patient_id integer NOT NULL REFERENCES public.patients,
    visited_on date NOT NULL,
    notes text
);
"""
SAMPLE_DATA = """
INSERT INTO public.patients
SELECT n, 'Odalys', 'Brackenridge', 'odalys' || n || '@clinic-of-nowhere.example', '+1 202 155 0' || (100 + n),
       date '1950-01-01' + n * 97, 'East'
FROM generate_series(1, 120) AS n;
INSERT INTO public.visits
SELECT n, 1 + n % 120, date '2025-01-01' + n, 'Odalys Brackenridge called from +1 202 155 0' || (100 + n % 120)
FROM generate_series(1, 300) AS n;
"""
PERSONAL = {
    ("public.patients", "given_name"),
    ("public.patients", "surname"),
    ("public.patients", "E-Mail"),
    ("public.patients", "mobile"),
    ("public.patients", "birth_date"),
    ("public.visits", "notes"),
}


def demo(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m deployments.demo``, in a directory of its own."""
    return subprocess.run(
        [sys.executable, "-m", "deployments.demo", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONSAFEPATH": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEMO_TIMEOUT_S,
    )


def report_of(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / ".demo" / "report.json").read_text())
    return content


def columns_of(conninfo: str) -> set[tuple[str, str]]:
    """Every (table, column) of a database that can hold rows, as pg_attribute has them."""
    with psycopg.connect(conninfo) as connection:
        return set(
            connection.execute(
                "SELECT n.nspname || '.' || c.relname, a.attname FROM pg_attribute a"
                " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'f')"
                " AND n.nspname !~ '^(pg_|information_schema$)'"
            )
        )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("samples") / "clinic"
    directory.mkdir()
    (directory / "schema.sql").write_text(SAMPLE_SCHEMA)
    (directory / "data.sql").write_text(SAMPLE_DATA)
    return directory


def test_our_look_alike_goes_all_the_way_and_the_report_says_so(
    tmp_path: Path, superuser_conninfo: Any, database: str
) -> None:
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = report_of(tmp_path)
    assert (report["env"], report["state"], report["leftovers"]) == ("staging", "Completed", [])
    assert [step["name"] for step in report["steps"]] == [
        *("preflight", "snapshot", "clone", "mask", "dump", "restore", "cleanup")
    ]
    assert report["verification"]["verdict"] == "passed"
    assert {check["result"] for check in report["verification"]["checks"]} == {"passed"}
    assert report["target"] == {**report["target"], "database": "shop", "rows": 43130}
    archive = list((tmp_path / ".demo" / "archive").iterdir())
    assert report["archive"]["objects"] == len(archive)
    assert report["archive"]["size_bytes"] == sum(path.stat().st_size for path in archive)
    # Every column of production, of views that hold rows and of partitions too.
    run_psql(superuser_conninfo(database), LOOK_ALIKE / "schema.sql")
    columns = [(column["table"], column["column"]) for column in report["columns"]]
    assert len(columns) == len(set(columns))
    assert set(columns) == columns_of(superuser_conninfo(database))
    assert ("reporting.best_customers", "email") in columns
    # Slack heard of the snapshot and of the success, each with the run's page.
    page = rf"  http://127\.0\.0\.1:\d+/runs/flow-run/{report['flow_run_id']}$"
    assert len(re.findall(page, done.stdout, re.MULTILINE)) == 2
    # A few rows before and after are shown; the report holds none.
    assert "larkfield-mail" not in json.dumps(report)
    for shown in ("larkfield-mail.example", "user_1@example.dev", "has masked data", "Left behind nothing"):
        assert shown in done.stdout


def test_a_pg_dump_archive_without_a_policy_gets_a_suggested_one_and_shows_no_row(
    tmp_path: Path, sample: Path, superuser_conninfo: Any, database: str
) -> None:
    """And the archive that is left, restored by plain pg_restore, is what the report counts."""
    load_sample(superuser_conninfo(database), sample)
    dump = tmp_path / "clinic.dump"
    pg_dump = [find_binaries().tool("pg_dump"), "-Fc", "--dbname", superuser_conninfo(database)]
    subprocess.run([*pg_dump, "--file", str(dump)], check=True)
    done = demo(tmp_path, "--sample", str(dump))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = report_of(tmp_path)
    columns = {(column["table"], column["column"]): column["action"] for column in report["columns"]}
    assert set(columns) == columns_of(superuser_conninfo(database))
    assert {place for place in PERSONAL if columns[place] == "keep"} == set()
    assert report["target"]["rows"] == 420
    assert (tmp_path / ".demo" / "policy" / "policy.yaml").exists()
    assert "suggested" in done.stdout
    assert "clinic-of-nowhere" not in done.stdout + done.stderr
    assert "Odalys" not in done.stdout + done.stderr

    with psycopg.connect(superuser_conninfo(database), autocommit=True) as connection:
        connection.execute("DROP TABLE public.visits, public.patients")
    restored = [find_binaries().tool("pg_restore"), "--exit-on-error", "--no-owner"]
    subprocess.run(
        [*restored, "--dbname", superuser_conninfo(database), str(tmp_path / ".demo" / "archive")], check=True
    )
    with psycopg.connect(superuser_conninfo(database)) as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM visits), count(*), count(*) FILTER (WHERE p::text ~ 'Odalys|nowhere')"
            " FROM public.patients AS p"
        ).fetchone() == (300, 120, 0)


def test_a_real_database_without_a_policy_goes_all_the_way_and_nothing_personal_of_it_is_kept(
    tmp_path: Path, real_database: Any
) -> None:
    pagila: RealDatabase = real_database("pagila")
    done = demo(tmp_path, "--sample", str(pagila.directory))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = report_of(tmp_path)
    assert report["target"]["rows"] > 40_000
    kept = {(column["table"], column["column"]) for column in report["columns"] if column["action"] == "keep"}
    assert kept
    assert kept & pagila.personal == set()
    assert "sakilacustomer" not in done.stdout + done.stderr


def test_a_real_database_goes_all_the_way_with_the_policy_that_a_person_wrote(
    tmp_path: Path, real_database: Any
) -> None:
    chinook: RealDatabase = real_database("chinook")
    done = demo(tmp_path, "--sample", str(chinook.directory), "--policy", str(chinook.policy))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = report_of(tmp_path)
    # The policy keeps all rows, and was taken as it is: no suggestion has this masker here.
    assert report["target"]["rows"] > 15_000
    assert {table["action"] for table in report["tables"]} == {"full"}
    maskers = {(column["table"], column["column"]): column["masker"] for column in report["columns"]}
    assert maskers["public.customer", "company"] == "constant"
    assert not (tmp_path / ".demo" / "policy").exists()


def test_a_database_that_does_not_load_is_told_by_place_and_quotes_no_row(
    tmp_path: Path, sample: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "schema.sql").write_text((sample / "schema.sql").read_text())
    (broken / "data.sql").write_text(
        "INSERT INTO public.patients (patient_id) VALUES ('Odalys Brackenridge');\n"
    )
    done = demo(tmp_path, "--sample", str(broken))
    assert done.returncode == 1
    assert "data.sql:1" in done.stdout
    assert "Brackenridge" not in done.stdout + done.stderr


def test_a_policy_that_does_not_fit_ends_the_demo_with_its_message_a_report_and_an_error(
    tmp_path: Path, sample: Path
) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "policy.yaml").write_text("tables:\n  public.visits: empty\n")
    done = demo(tmp_path, "--sample", str(sample), "--policy", str(policy))
    assert done.returncode == 1
    assert "public.patients" in done.stdout
    assert "Left behind: nothing" in done.stdout
    report = report_of(tmp_path)
    assert (report["env"], report["state"], report["leftovers"]) == ("staging", "Failed", [])
    assert report["run_key"] == report["flow_run_id"].replace("-", "")[-12:]
    assert [step["name"] for step in report["steps"]] == ["snapshot", "clone", "mask", "cleanup"]
    assert all(step["seconds"] > 0 for step in report["steps"])


def test_a_misspelt_masker_is_told_at_once_by_the_users_own_file(tmp_path: Path, sample: Path) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "policy.yaml").write_text("tables:\n  public.visits:\n    columns: {notes: free_txt}\n")
    done = demo(tmp_path, "--sample", str(sample), "--policy", str(policy))
    assert done.returncode == 1
    assert "policy.yaml:3:" in done.stdout.replace("\n", "")
    assert str(policy) in done.stdout.replace("\n", "")
    assert "Traceback" not in done.stdout + done.stderr
