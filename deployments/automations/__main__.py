"""``python -m deployments.automations``: make (or change) the automations of the server that PREFECT_API_URL names."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from prefect_aws import AwsCredentials

from contracts.errors import RefreshError
from deployments.automations.applying import apply, find_slack_block, janitor_deployment_id, save_slack_block
from deployments.automations.definitions import JANITOR_AFTER, LOST_AFTER, automations
from tasks.secrets.secrets_manager import read_aws_secret


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deployments.automations", description=__doc__)
    parser.add_argument(
        "--slack-secret",
        metavar="ARN",
        help="secret with the address of Slack's webhook; without it, the one that was given before, if any",
    )
    parser.add_argument(
        "--lost-after-s", type=float, default=LOST_AFTER.total_seconds(), help="default: %(default)s"
    )
    parser.add_argument(
        "--janitor-after-s", type=float, default=JANITOR_AFTER.total_seconds(), help="default: %(default)s"
    )
    options = parser.parse_args(arguments)
    try:
        janitor = janitor_deployment_id()
        slack = _slack_block(options.slack_secret)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    wanted = automations(
        janitor_deployment_id=janitor,
        slack_block_id=slack,
        lost_after=timedelta(seconds=options.lost_after_s),
        janitor_after=timedelta(seconds=options.janitor_after_s),
    )
    for name in apply(wanted):
        print(f"automation {name!r} is set")
    return 0


def _slack_block(secret_arn: str | None) -> UUID | None:
    if not secret_arn:
        return find_slack_block()
    return save_slack_block(read_aws_secret(AwsCredentials(region_name=secret_arn.split(":")[3]), secret_arn))


if __name__ == "__main__":
    sys.exit(main())
