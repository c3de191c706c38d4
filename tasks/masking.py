"""The clone is masked and proved, one effect after the other; any of them can stop the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from prefect import get_run_logger, task
from prefect.utilities.annotations import quote

from blocks.config_root import policy_directory
from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import VerificationFailed
from contracts.login import Login
from contracts.naming import RunKey
from contracts.report import MaskingReport
from contracts.results import Clone
from contracts.verdict import Verdict
from masking.catalogue import Catalogue
from masking.planning.plan import Plan, make_plan
from masking.proof.raw_values import RawValues
from tasks.archive.saved_schema import save_schema
from tasks.aurora.clone import clone_login
from tasks.border import no_row_escapes
from tasks.code_version import code_version
from tasks.cycle_collection import held_off
from tasks.policy_files import check_approved, read_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.clone_settings import check_clone_settings
from tasks.postgres.quarantine import event_triggers_as_at_the_source, quarantine
from tasks.postgres.rehearsal import rehearse
from tasks.postgres.rewrite import join_owners, rewrite
from tasks.proof.concluding import conclude
from tasks.proof.gathering import gather_and_remember
from tasks.proof.proving import prove, prove_schema
from tasks.secrets.reading import read_run_keys, read_signing_keys
from tasks.transient import ONCE


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What was read of the clone before anything changed, and what becomes of it."""

    catalogue: Catalogue
    plan: Plan


def mask_clone(block: RefreshEnvironment, run: RunKey, clone: Clone) -> MaskingReport:
    """Quarantine, plan, try out, save the schema, rewrite, verify.

    Raises before the first value is masked where a column has no rule, or one that doesn't fit.
    """
    quarantine_clone(block, clone)
    planned = plan_masking(block, clone)
    # quote: Prefect would walk through every table of a large catalogue, looking for futures.
    rehearse_masking(block, run, clone, cast(Planned, quote(planned)))
    save_clone_schema(block, clone, cast(Planned, quote(planned)))
    raw = gather_from_clone(block, run, clone, cast(Planned, quote(planned)))
    rewrite_clone(block, run, clone, cast(Planned, quote(planned)))
    report = verify_clone(block, run, clone, cast(Planned, quote(planned)), cast(RawValues, quote(raw)))
    if report.verification.verdict != "passed":
        raise VerificationFailed(
            "its verification didn't pass",
            resource=f"clone {clone.cluster_id}",
            remedy="Nothing left the clone. See the checks that failed.",
        )
    return report


@task(**ONCE)
def quarantine_clone(block: RefreshEnvironment, clone: Clone) -> None:
    """Before any other statement: what could still act, or authenticate outward, is disabled."""
    with no_row_escapes(f"clone {clone.cluster_id}", doing="quarantining it"):
        login = _login(block, clone)
        check_clone_settings(login, _database(block), parameter_group=block.environment.clone.parameter_group)
        found = quarantine(login, _database(block))
    get_run_logger().info("Quarantine: %s", found)


@task(**ONCE)
def plan_masking(block: RefreshEnvironment, clone: Clone) -> Planned:
    """What is there, and what becomes of every table and column of it.

    Raises:
        Unclassified: with the policy lines to add.
        PolicyInvalid: naming file, line and column.
    """
    with (
        no_row_escapes(f"clone {clone.cluster_id}", doing="reading its catalogue"),
        held_off(),
    ):
        policy = read_policy(policy_directory(block.environment.policy_name))
        check_approved(block.environment, policy)
        catalogue = read_catalogue(_login(block, clone), _database(block))
        plan = make_plan(catalogue, policy)
    get_run_logger().info("Planned %d tables", len(catalogue.tables))
    return Planned(catalogue=catalogue, plan=plan)


@task(**ONCE)
def rehearse_masking(block: RefreshEnvironment, run: RunKey, clone: Clone, planned: Planned) -> None:
    """The plan on a few rows of each table where it could fail, rolled back: seconds now, instead of an hour wasted.

    Raises:
        PolicyInvalid: with table, column, constraint and remedy of every rule that doesn't fit.
    """
    with no_row_escapes(f"clone {clone.cluster_id}", doing="trying the masks out on a few rows"):
        tried, worth = rehearse(
            _login(block, clone), _database(block), planned.catalogue, planned.plan, read_run_keys(block, run)
        )
    get_run_logger().info(
        "Tried the masks out on a few rows of %d of %d tables where one could fail", tried, worth
    )


@task(**ONCE)
def save_clone_schema(block: RefreshEnvironment, clone: Clone, planned: Planned) -> None:
    """Keep the schema as the archive will have it: masking leaves some tables without their indexes and keys."""
    with no_row_escapes(f"clone {clone.cluster_id}", doing="saving its schema"):
        login, database = _login(block, clone), _database(block)
        join_owners(login, database, planned.plan)
        with event_triggers_as_at_the_source(login, database):
            save_schema(login, database)


@task(**ONCE)
def gather_from_clone(block: RefreshEnvironment, run: RunKey, clone: Clone, planned: Planned) -> RawValues:
    """Remember raw values' hashes for the proof, then empty and filter tables, and remember what is left of each.

    The hashes are in this process's memory only, and the proof can't be had without them.
    """
    login, database = _login(block, clone), _database(block)
    with no_row_escapes(f"clone {clone.cluster_id}", doing="remembering its raw values' hashes"):
        raw = gather_and_remember(login, database, planned.catalogue, planned.plan, read_run_keys(block, run))
    get_run_logger().info("Remembered hashes of %d raw values of %d columns", len(raw), len(raw.columns))
    return raw


@task(**ONCE)
def rewrite_clone(block: RefreshEnvironment, run: RunKey, clone: Clone, planned: Planned) -> None:
    """One pass over each table, several tables at once."""
    with no_row_escapes(f"clone {clone.cluster_id}", doing="masking it"):
        rewrite(
            _login(block, clone),
            _database(block),
            planned.catalogue,
            planned.plan,
            read_run_keys(block, run),
            say=get_run_logger().info,
        )


@task(**ONCE)
def verify_clone(
    block: RefreshEnvironment, run: RunKey, clone: Clone, planned: Planned, raw: RawValues
) -> MaskingReport:
    """Hold whole tables against what was promised, then remove every trace of the masking from the clone."""
    login, database = _login(block, clone), _database(block)
    with no_row_escapes(f"clone {clone.cluster_id}", doing="verifying it"):
        report = prove(login, database, planned.catalogue, planned.plan, raw, read_run_keys(block, run))
        report = prove_schema(login, database, planned.plan, raw, report)
        report = conclude(
            login,
            database,
            report,
            Verdict(
                run_key=run.key,
                env=run.env,
                clone=clone.cluster_id,
                snapshot_arn=clone.snapshot_arn,
                policy_digest=planned.plan.policy_digest,
                code_version=code_version(),
                report_sha256="",
                result=report.verification.verdict,
            ),
            read_signing_keys(block),
        )
    passed = sum(check.result == "passed" for check in report.verification.checks)
    get_run_logger().info("Verification %s: %d checks passed", report.verification.verdict, passed)
    return report


def _login(block: RefreshEnvironment, clone: Clone) -> Login:
    return clone_login(block.target_credentials, block.environment, clone)


def _database(block: RefreshEnvironment) -> str:
    return block.environment.source.database
