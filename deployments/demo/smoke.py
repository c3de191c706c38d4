"""``python -m deployments.demo.smoke``: one refresh of an env of yours on AWS, with the demo's report.

It takes a snapshot, a clone and an archive, swaps the target's database, and deletes what it made, as any refresh does:
give it a small cluster. Exit codes: 0 the refresh completed, was verified, and left nothing behind; 1 it didn't;
2 something is missing, and nothing was done.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DIRECTORY = Path(".smoke")
NOTHING_DONE = 2

_NEEDS = """\
{reason}

make aws-smoke ENVIRONMENT=path/to/deployments/environments/NAME.yaml refreshes the env NAME on AWS. It needs
  - that file, filled in for a small Aurora PostgreSQL cluster and a target of yours (deployments/terraform/README.md);
  - its policy, in sql/databases/ beside that deployments/;
  - AWS credentials in this shell (AWS_PROFILE, or a role) that may do what the task role may (docs/security.md);
  - a way from this machine to port 5432 of clones and target;
  - pg_dump, pg_restore and psql of the source's major version on PATH.

Nothing was done.
"""


class _Missing(Exception):
    """What keeps the smoke test from beginning."""


def _config_root(environment: str) -> Path:
    """Of an environment file, which lies where every one does."""
    if not environment:
        raise _Missing("ENVIRONMENT isn't set.")
    path = Path(environment).resolve()
    if not path.is_file():
        raise _Missing(f"There is no file {path}.")
    if (
        path.parent.name != "environments"
        or path.parent.parent.name != "deployments"
        or path.suffix != ".yaml"
    ):
        raise _Missing(f"{path} isn't in a directory deployments/environments/, or isn't called *.yaml.")
    return path.parents[2]


def _check_credentials(account: Any) -> str:
    """Who we are there. ``account`` is the env's target account."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session(region_name=account.region)
    if session.get_credentials() is None:
        raise _Missing("There are no AWS credentials in this shell.")
    try:
        return str(session.client("sts", endpoint_url=account.endpoint_url).get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise _Missing(f"AWS doesn't take this shell's credentials ({type(error).__name__}).") from None


def main(arguments: Sequence[str] | None = None) -> int:
    about, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m deployments.demo.smoke", description=about, epilog=rest)
    parser.add_argument("--environment", default="", metavar="FILE", help="the env's file")
    options = parser.parse_args(arguments)
    try:
        return _smoke(options.environment)
    except _Missing as missing:
        sys.stderr.write(_NEEDS.format(reason=missing))
        return NOTHING_DONE


def _smoke(environment_file: str) -> int:
    os.environ["REFRESH_CONFIG_ROOT"] = str(_config_root(environment_file))
    name = Path(environment_file).stem
    from blocks.environment_files import read_environment
    from contracts.errors import ConfigurationError

    try:
        environment = read_environment(name)
    except ConfigurationError as error:
        raise _Missing(str(error)) from None
    identity = _check_credentials(environment.target.aws)
    directory = DIRECTORY.resolve()
    directory.mkdir(exist_ok=True)
    if "PREFECT_API_URL" not in os.environ:
        # A server of its own, which keeps the run's page until the next smoke test.
        os.environ.setdefault("PREFECT_HOME", str(directory / "prefect"))
        os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
        os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "180"
    where = environment.target.aws.endpoint_url or "AWS"
    print(
        f"Refreshing {name} on {where}, as {identity}:"
        f" {environment.source.cluster} → {environment.target.cluster}/{environment.target.database}",
        flush=True,
    )
    # Prefect reads its settings when it is imported, so what runs it is imported after they are set.
    from deployments.demo.smoke_run import run

    return run(name, directory)


if __name__ == "__main__":
    sys.exit(main())
