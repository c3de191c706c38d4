"""``make aws-smoke``: one refresh on AWS with the demo's report. Local AWS stands for AWS here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import REFRESH_TIMEOUT_S, Env
from tests.fix_prefect import CHECKOUT


def smoke(cwd: Path, environment: Path | str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deployments.demo.smoke", "--environment", str(environment)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=REFRESH_TIMEOUT_S,
    )


def test_it_refreshes_the_env_of_the_file_and_prints_the_demos_report(env: Env, tmp_path: Path) -> None:
    done = smoke(tmp_path, env.file, env.process_environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"refresh of {env.name}" in done.stdout
    assert "verification: passed" in done.stdout
    assert "Left behind nothing" in done.stdout
    report = json.loads((tmp_path / ".smoke" / "report.json").read_text())
    assert (report["state"], report["run_key"]) == ("Completed", env.run_key().key)
    assert env.query("SELECT count(*) FROM users WHERE ssn LIKE 'XXX-XX-%'") == [(3000,)]


@pytest.mark.parametrize("file", ["nowhere.yaml", "no credentials"])
def test_it_says_what_it_needs_and_does_nothing_without_a_file_or_credentials(
    tmp_path: Path, file: str
) -> None:
    if file == "no credentials":
        file = str(CHECKOUT / "deployments" / "environments" / "staging.yaml")
    done = smoke(tmp_path, file, {})
    assert done.returncode == 2, done.stderr
    assert "AWS credentials in this shell" in done.stderr
    assert done.stderr.endswith("Nothing was done.\n")
    assert list(tmp_path.iterdir()) == []
