"""A policy is checked against a database that a DSN names, and an env's against one of its target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger

from blocks.environment_files import read_environment
from blocks.refresh_environment import make_block
from contracts.errors import PolicyInvalid, Unclassified
from contracts.login import Login
from flows.policy import main
from masking.saved_catalogue import catalogue_from_json
from tasks import checking_policy
from tests.integration.policy_check.test_schema_file import LOOK_ALIKE, without_what_no_schema_tells

DATA = LOOK_ALIKE.with_name("data.sql")


@pytest.fixture
def shop(load: Callable[[str], None], database: str) -> str:
    load(LOOK_ALIKE.read_text(encoding="utf-8"))
    return database


@pytest.fixture
def dsn(master_login: Login, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Without the password, which is in the environment."""
    monkeypatch.setenv("PGPASSWORD", master_login.password().get_secret_value())
    return (
        f"host={master_login.host} port={master_login.port} user={master_login.username} dbname={database}"
        f" sslmode=verify-full sslrootcert={master_login.ca_bundle}"
    )


@pytest.mark.usefixtures("shop")
def test_the_database_its_dump_and_its_saved_catalogue_give_one_answer(
    dsn: str, dump: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, schema = tmp_path / "saved.json", tmp_path / "schema.sql"
    schema.write_text(dump(), encoding="utf-8")
    policy = ["--policy", "sql/databases/shop"]
    answers = []
    for source in (
        ["--dsn", dsn, "--save-catalogue", str(saved)],
        ["--catalogue", str(saved)],
        ["--schema-file", str(schema)],
    ):
        assert main(["check", *source, *policy]) == 0
        printed = capsys.readouterr()
        answers.append(printed.out.partition(": ")[2])
        assert "it writes to example.dev" in printed.err
        assert main(["check", *source, *policy, "--strict"]) == 1, "the sample script's e-mail addresses"
        capsys.readouterr()
    assert answers[0].startswith("22 tables")
    assert len(set(answers)) == 1


def test_no_value_of_a_row_is_in_a_saved_catalogue(
    shop: str, load: Callable[[str], None], dsn: str, tmp_path: Path
) -> None:
    load(DATA.read_text(encoding="utf-8") + "\nANALYZE;")
    saved = tmp_path / "saved.json"
    assert (
        main(["check", "--dsn", dsn, "--save-catalogue", str(saved), "--policy", "sql/databases/shop"]) == 0
    )
    text = saved.read_text(encoding="utf-8")
    for value in ("larkfield", "Yarborough", "null_fraction", "n_distinct", "common"):
        assert value not in text
    users = next(table for table in catalogue_from_json(text, "x").tables if table.name == "users")
    assert users.estimated_rows > 0
    assert without_what_no_schema_tells(catalogue_from_json(text, "x")).tables


def test_a_policy_is_suggested_from_sampled_values(
    shop: str, load: Callable[[str], None], dsn: str, tmp_path: Path
) -> None:
    load(
        "CREATE TABLE odd (c1 text); GRANT SELECT ON odd TO master;"
        " INSERT INTO odd SELECT 'x' || i || '@a.test' FROM generate_series(1, 50) i"
    )
    output = tmp_path / "policy.yaml"
    assert main(["suggest", "--dsn", dsn, "--output", str(output)]) == 0
    (line,) = [one for one in output.read_text().splitlines() if one.strip().startswith("c1:")]
    assert "email" in line
    assert main(["check", "--dsn", dsn, "--policy", str(tmp_path), "--strict"]) == 0


@pytest.mark.usefixtures("shop")
def test_a_wrong_password_ends_with_2_and_is_not_shown(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    assert main(["check", "--dsn", dsn]) == 2
    printed = capsys.readouterr()
    assert "28P01" in printed.err
    assert "s3cret" not in printed.out + printed.err


def test_an_envs_policy_is_held_against_a_database_of_its_target(
    shop: str, load: Callable[[str], None], master_login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target's endpoint and secret come from AWS, and are the tests' own server here."""
    monkeypatch.setattr(checking_policy, "target_login", lambda block: master_login)
    block = make_block(read_environment("staging"))
    check = checking_policy.check_target_policy.fn
    with disable_run_logger():
        assert check(block, shop, strict=False).startswith(f"the policy fits database {shop}")
        with pytest.raises(PolicyInvalid, match=r"the first of 1: .*example\.dev"):
            check(block, shop, strict=True)
        load("ALTER TABLE users ADD COLUMN nickname text")
        with pytest.raises(Unclassified, match="nickname: free_text"):
            check(block, shop, strict=False)
