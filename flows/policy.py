"""Hold a masking policy against a database, without masking anything.

Exit codes: 0 the policy fits; 1 it doesn't, or --strict and there are warnings; 2 wrong use, or the database, a file
or the directory of the policy can't be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from prefect import flow

from blocks.env_name import EnvName
from blocks.refresh_environment import load_environment
from contracts.errors import PolicyInvalid, RefreshError, Unclassified
from tasks.checking_policy import check_target_policy
from tasks.cycle_collection import held_off
from tasks.policy_check.checking import check_policy, explain_policy, policy_of, suggest
from tasks.policy_check.sources import Source, save_catalogue

FITS, DOES_NOT_FIT, CANNOT_TELL = 0, 1, 2


@flow(name="policy", flow_run_name="policy-{env}", persist_result=False)
def policy(env: EnvName, database: str | None = None, strict: bool = False) -> str:
    """Check an env's policy before the next refresh does. Production isn't asked.

    Args:
        env: whose policy is checked.
        database: a database of the env's target cluster, such as one with a migration to come; by default the one that
            the last refresh left there.
        strict: whether a warning fails the run.
    """
    return check_target_policy(load_environment(env), database, strict=strict)


def _parser() -> argparse.ArgumentParser:
    about, _, exit_codes = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m flows.policy", description=about, epilog=exit_codes)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in (
        ("check", "say whether a policy fits; the message holds file, line and column, or the lines to add"),
        (
            "explain",
            "show what will happen to every table and column, in what order, and the SQL that will run",
        ),
        ("suggest", "write a policy for a database that has none, to be reviewed"),
    ):
        command = commands.add_parser(
            name, help=purpose, description=purpose, epilog=exit_codes, allow_abbrev=False
        )
        source = command.add_mutually_exclusive_group(required=True)
        source.add_argument("--dsn", help="libpq conninfo or URL of a database, without a password")
        source.add_argument("--schema-file", metavar="FILE", help="what pg_dump -s wrote")
        source.add_argument("--catalogue", metavar="FILE", help="what --save-catalogue wrote")
        command.add_argument(
            "--save-catalogue", type=Path, metavar="FILE", help="write the catalogue, which holds no row"
        )
        if name != "suggest":
            command.add_argument(
                "--policy", type=Path, metavar="DIR", help="by default sql/databases/ and the database's name"
            )
    commands.choices["check"].add_argument(
        "--strict", action="store_true", help="let warnings fail the check"
    )
    commands.choices["explain"].add_argument(
        "--table", action="append", default=[], metavar="NAME", help="only this one; may be repeated"
    )
    commands.choices["explain"].add_argument("--json", action="store_true", help="for a program")
    commands.choices["suggest"].add_argument(
        "--output", type=Path, metavar="FILE", help="write to a new file, not to the terminal"
    )
    commands.choices["suggest"].add_argument(
        "--format",
        choices=("yaml", "json"),
        default="yaml",
        help="a policy, or what is suggested for every column, for a program",
    )
    return parser


def _source(options: argparse.Namespace) -> Source:
    if options.dsn is not None:
        return Source(kind="dsn", given=options.dsn)
    if options.schema_file is not None:
        return Source(kind="schema file", given=options.schema_file)
    return Source(kind="catalogue", given=options.catalogue)


def _run(options: argparse.Namespace) -> int:
    source = _source(options)
    if options.command == "suggest":
        catalogue, samples, notes = source.read_to_suggest()
        if options.save_catalogue:
            # Policies are checked against what is saved, so it has to be the whole of it.
            save_catalogue(
                source.read() if source.kind == "schema file" else catalogue, options.save_catalogue
            )
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        sys.stdout.write(suggest(catalogue, samples, options.output, as_json=options.format == "json"))
        return FITS
    catalogue = source.read()
    if options.save_catalogue:
        save_catalogue(catalogue, options.save_catalogue)
    checked = check_policy(catalogue, policy_of(catalogue, options.policy))
    if options.command == "explain":
        sys.stdout.write(explain_policy(checked, tables=tuple(options.table), as_json=options.json))
        return FITS
    for warning in checked.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for note in source.notes:
        print(f"note: {note}", file=sys.stderr)
    print(checked.summary)
    return DOES_NOT_FIT if options.strict and checked.warnings else FITS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options, others = parser.parse_known_args(arguments)
    if others:
        # They aren't quoted: a DSN without quotes around it falls into words, of which one may be a password.
        parser.error(f"{len(others)} arguments too many; write a DSN in quotes")
    try:
        return _run(options)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return DOES_NOT_FIT if isinstance(error, (PolicyInvalid, Unclassified)) else CANNOT_TELL


if __name__ == "__main__":
    with held_off():
        sys.exit(main())
