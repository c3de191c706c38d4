"""The check of an env's policy as a task: against the database that the last refresh left in its target."""

from __future__ import annotations

from prefect import get_run_logger, task

from blocks.config_root import policy_directory
from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import PolicyInvalid
from tasks.border import no_row_escapes
from tasks.cycle_collection import held_off
from tasks.policy_check.checking import check_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.target_login import target_login
from tasks.transient import ONCE


@task(**ONCE)
def check_target_policy(block: RefreshEnvironment, database: str | None, *, strict: bool) -> str:
    """One line about a policy that fits; its warnings are logged.

    Raises:
        Unclassified: with the policy lines to add.
        PolicyInvalid: naming file, line and column; or there are warnings, and ``strict`` makes errors of them.
    """
    environment = block.environment
    name = database or environment.target.database
    directory = policy_directory(environment.policy_name)
    with no_row_escapes(f"database {name!r}", doing="checking the policy"), held_off():
        checked = check_policy(read_catalogue(target_login(block), name), directory)
    for warning in checked.warnings:
        get_run_logger().warning("%s", warning)
    if strict and checked.warnings:
        raise PolicyInvalid(
            f"it has warnings, the first of {len(checked.warnings)}: {checked.warnings[0]}",
            resource=str(directory),
            remedy="Mend what they name, or check it without strict.",
        )
    return checked.summary
