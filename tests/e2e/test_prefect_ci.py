"""A pipeline refreshes an env through a deployment, a work pool and a worker, and waits for the end."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.conftest import Env
from tests.fix_prefect import Daemon


def test_a_run_that_completes_ends_the_waiting_command_well(
    env: Env, prefect_worker: Callable[..., Daemon]
) -> None:
    env.write()
    environment = env.process_environment
    registered = env.run_python("-m", "blocks.register", env.name)
    assert registered.returncode == 0, registered.stderr
    env.prefect.cli("work-pool", "create", "refresh", "--type", "process", "--overwrite")
    env.prefect.cli("deploy", "--all", "--no-prompt", environment=environment)
    worker = prefect_worker("refresh", environment=environment)
    try:
        done = env.prefect.cli(
            *("deployment", "run", "refresh/ci", "--param", f"env={env.name}", "--watch"),
            environment=environment,
            expect=None,
        )
    finally:
        worker.stop()
    assert (env.runs()[0]["state_name"], done.returncode) == ("Completed", 0), done.stdout + worker.tail()
    assert env.query("SELECT count(*) FROM users WHERE ssn LIKE 'XXX-XX-%'") == env.query(
        "SELECT count(*) FROM users"
    )
    run = env.run_key()
    assert [found for found in env.leftovers(archive_of=run) if run.key in found.identifier] == []
