"""Swap the database before the last refresh back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from prefect import flow

from blocks.env_name import EnvName
from blocks.environment_files import environment_names
from blocks.refresh_environment import load_environment
from blocks.register import register_env
from contracts.errors import RefreshError
from tasks.one_at_a_time import one_refresh_at_a_time
from tasks.prefect_runs import this_run
from tasks.rolling_back import roll_back_target


@flow(name="rollback", flow_run_name="rollback-{env}", persist_result=False)
def rollback(env: EnvName) -> str:
    """Go back to the database that was live before the last refresh; returns what the one after it is called now.

    Args:
        env: whose target goes back to the database that it had before its last refresh.
    """
    with one_refresh_at_a_time(env):
        return roll_back_target(load_environment(env), this_run(env))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.rollback", description=__doc__)
    parser.add_argument("--env", required=True, choices=environment_names(), help="which env's target")
    options = parser.parse_args(arguments)
    try:
        register_env(options.env)
        rollback(options.env)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
