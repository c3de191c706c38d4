"""``python -m deployments.ci``: what a pipeline needs around ``prefect deployment run refresh/ci … --tag TAG --watch``.

``login`` prints the line that lets later steps log in to Prefect, for $GITHUB_ENV, and keeps the password out of the
log. ``report`` prints the report of the run that was started with TAG, for $GITHUB_STEP_SUMMARY; it says nothing by its
exit code of how the run ended. Exit codes: 0 it's printed; 1 it can't be had.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.errors import RefreshError
from deployments.ci.reading import login_of, report_of


def main(arguments: Sequence[str] | None = None) -> int:
    about, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m deployments.ci", description=about, epilog=rest)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    login = commands.add_parser("login", help="the Prefect server's login as a variable, for $GITHUB_ENV")
    login.add_argument(
        "--secret", required=True, metavar="ARN", help="secret with the server's user:password"
    )
    report = commands.add_parser("report", help="the report of a run, as Markdown")
    report.add_argument("--tag", required=True, help="that the run was started with")
    options = parser.parse_args(arguments)
    try:
        if options.command == "login":
            found = login_of(options.secret)
            print(f"::add-mask::{found}", file=sys.stderr)
            print(f"PREFECT_API_AUTH_STRING={found}")
        else:
            print(report_of(options.tag))
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
