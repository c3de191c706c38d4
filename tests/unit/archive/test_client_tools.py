"""Which client tools are used, and what they are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts.errors import PreconditionFailed
from contracts.login import SESSION_OPTIONS, Login
from tasks.client_tools import BIN_SETTING, client_environment, client_tools

LOGIN = Login(
    host="clone.example",
    port=5432,
    username="master",
    password=lambda: SecretStr("s3cret"),
    ca_bundle=Path("/ca.pem"),
)


def put_tools(directory: Path, version: str) -> Path:
    directory.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        tool = directory / name
        tool.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        tool.chmod(0o755)
    return directory


def test_the_major_version_decides_and_the_setting_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = put_tools(tmp_path / "91", "91.3"), put_tools(tmp_path / "93", "93beta1")
    monkeypatch.setenv(BIN_SETTING, os.pathsep.join([str(tmp_path / "missing"), str(old), str(new)]))
    assert (client_tools(91).directory, client_tools(91).version) == (old, "91.3")
    assert (client_tools(93).directory, client_tools(93).major) == (new, 93)


def test_a_newer_version_reads_an_archive_but_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BIN_SETTING, str(put_tools(tmp_path / "93", "93.1")))
    assert client_tools(92, or_newer=True).major == 93
    with pytest.raises(
        PreconditionFailed, match=r"PostgreSQL 92 aren't installed.*93\.1.*postgresql-client-92"
    ):
        client_tools(92)


def test_a_directory_that_lacks_a_tool_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (put_tools(tmp_path / "94", "94.1") / "psql").unlink()
    monkeypatch.setenv(BIN_SETTING, str(tmp_path / "94"))
    with pytest.raises(PreconditionFailed):
        client_tools(94)


def test_a_client_sees_its_login_and_nothing_of_our_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_SECRET_ACCESS_KEY": "x",
        "PGHOST": "prod",
        "PGOPTIONS": "-c a=b",
        "PGPASSFILE": "y",
    }.items():
        monkeypatch.setenv(name, value)
    environment = client_environment(LOGIN, "appdb", "")
    assert environment["PGHOST"] == "clone.example"
    assert environment["PGPASSWORD"] == "s3cret"
    assert environment["PGSSLMODE"] == "verify-full"
    assert environment["PGOPTIONS"] == SESSION_OPTIONS
    assert client_environment(LOGIN, "appdb", "-c a=c")["PGOPTIONS"] == f"{SESSION_OPTIONS} -c a=c"
    assert not {"AWS_SECRET_ACCESS_KEY", "PGPASSFILE"} & set(environment)
