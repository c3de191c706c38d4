"""Sweep what no `finally` and no hook could catch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from prefect import flow

from blocks.environment_files import environment_names, read_environments
from blocks.refresh_environment import load_environment, registered_environment_names
from blocks.register import register
from contracts.errors import CleanupIncomplete, RefreshError
from tasks.prefect_runs import this_run
from tasks.strays import find_strays
from tasks.sweeping import sweep


@flow(name="janitor", persist_result=False)
def janitor() -> list[str]:
    """Delete what a dead run left, and what is past its expiry, in every env.

    Nothing is deleted that lacks our tags or our comment. Returns what went, one line each.
    """
    swept = []
    failures = []
    # A block outlives its file: what an env left that somebody removed or renamed is swept all the same.
    envs = sorted({*environment_names(), *registered_environment_names()})
    strays: set[str] = set()
    for env in envs:
        try:
            block = load_environment(env)
            swept += sweep(block, this_run(env))
            strays.update(find_strays(block, envs))
        except RefreshError as error:
            failures.append(f"[{env}] {error}")
    failures += [f"{stray}: register that env again, or delete it by hand" for stray in sorted(strays)]
    if failures:
        raise CleanupIncomplete(leftovers=tuple(failures), remedy="The next sweep tries again.")
    return swept


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.janitor", description=__doc__)
    parser.parse_args(arguments)
    try:
        register(read_environments(skip_invalid=True))
        for line in janitor():
            print(f"deleted {line}")
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
