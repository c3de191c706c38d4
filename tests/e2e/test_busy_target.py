"""A refresh that meets the janitor at the target waits for it: nothing that was masked is masked in vain."""

from __future__ import annotations

import subprocess
import sys
import time
from uuid import uuid4

from contracts.naming import RunKey
from tasks.postgres.advisory_lock import hold_target
from tests.e2e.conftest import Env
from tests.fix_prefect import CHECKOUT

PATIENCE_S = 180.0


def wait_for_step(env: Env, step: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not env.runs(step):
        assert process.poll() is None, f"it ended before its step {step}"
        assert time.monotonic() < deadline, f"no step {step} after {PATIENCE_S:.0f} s"
        time.sleep(0.1)


def test_a_refresh_waits_for_the_janitor_that_is_dropping_at_its_target(env: Env) -> None:
    janitor = RunKey(env=env.name, flow_run_id=uuid4())
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.refresh", "--env", env.name],
        cwd=CHECKOUT,
        env=env.process_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for_step(env, "dump", process)
        with hold_target(env.login(), env.database, janitor):
            wait_for_step(env, "restore", process)
            time.sleep(8)
            assert process.poll() is None
        stderr = process.communicate(timeout=PATIENCE_S)[1]
    finally:
        process.kill()
    assert process.returncode == 0, stderr[-3000:]
    assert env.leftovers(archive_of=env.run_key()) == []
