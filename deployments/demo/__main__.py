"""``python -m deployments.demo``: a whole refresh on this machine, shown step by step."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

DIRECTORY = Path(".demo")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deployments.demo", description=__doc__)
    parser.add_argument(
        "--sample",
        type=Path,
        help="a database to use as production: a directory with schema.sql and perhaps data.sql, one .sql file,"
        " or a pg_dump archive",
    )
    parser.add_argument(
        "--policy", type=Path, help="its policy and scripts, laid out like sql/databases/{database}/"
    )
    options = parser.parse_args(arguments)
    for name in ("sample", "policy"):
        path: Path | None = getattr(options, name)
        if path is not None and not path.exists():
            parser.error(f"--{name}: there is no {path}")
    if options.policy and not options.sample:
        parser.error("--policy goes with --sample: the look-alike has a policy of its own")
    directory = DIRECTORY.resolve()
    _clear(directory, but=options.policy)
    _use_only_local_services(directory)
    # Prefect reads its settings when it is imported, so what runs it is imported after they are set.
    from deployments.demo.drive import drive

    return drive(directory, sample=options.sample, policy=options.policy)


def _clear(directory: Path, *, but: Path | None) -> None:
    """Begin with nothing of an earlier demo, but for the policy that it suggested, where that is to be used now."""
    directory.mkdir(exist_ok=True)
    for path in directory.iterdir():
        if but is not None and but.resolve().is_relative_to(path):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _use_only_local_services(directory: Path) -> None:
    """Whatever this shell is logged in to, the demo talks to local AWS and to a Prefect server of its own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "PREFECT_", "PG", "REFRESH_"))]:
        del os.environ[name]
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "DO_NOT_TRACK": "1",
            "PREFECT_HOME": str(directory / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
            # A cold start of the server takes about 20 s on two cores, which is also its default limit.
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
            # How a run failed, the demo says itself, without Prefect's tracebacks round it.
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "REFRESH_CONFIG_ROOT": str(directory / "config"),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
