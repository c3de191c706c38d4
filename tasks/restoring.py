"""From the archive into the target: beside the live database first, then in its place, in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect import get_run_logger, task

from blocks.config_root import policy_directory
from blocks.refresh_environment import RefreshEnvironment
from contracts.expiry import clone_ownership
from contracts.naming import RunKey
from contracts.report import Check
from contracts.results import Archive, Restored, RestoredTable
from contracts.target import DatabaseLocale, Swapped
from tasks.archive.load import LoadedArchive, load_archive
from tasks.archiving import own_archive, read_masking_report
from tasks.aws import client
from tasks.border import no_row_escapes
from tasks.policy_files import read_policy
from tasks.postgres.advisory_lock import LOCK_WAIT_S, hold_target
from tasks.postgres.carry_over import carry_over
from tasks.postgres.post_restore import run_scripts, run_verifications
from tasks.postgres.shadow import create_shadow, drop_previous
from tasks.postgres.swap import is_swapped, swap
from tasks.postgres.target_check import check_target
from tasks.proof.restored import check_restored
from tasks.target_login import target_login
from tasks.transient import ONCE


def restore_target(block: RefreshEnvironment, run: RunKey) -> Restored:
    """Load the run's archive and make it live. Until the swap the target is what it was; after it, the new one.

    The target's lock is held from before the shadow is made until after the swap.
    """
    archive = own_archive(block, run)
    database = block.environment.target.database
    with no_row_escapes(f"target database {database}", doing="restoring it"):
        login = target_login(block)
        check_target(login, database, run)
        # The janitor holds the lock too, for the moments that it drops in.
        with hold_target(login, database, run, wait_s=LOCK_WAIT_S):
            warnings: tuple[str, ...] = ()
            checks: tuple[Check, ...] = ()
            # A retry may come after a swap whose success nobody heard of: then there is nothing left to do.
            if not is_swapped(login, database, run):
                if dropped := drop_previous(login, database, run):
                    get_run_logger().info("Dropped %s, the database before the last refresh", dropped)
                loaded = load_shadow(block, run, archive)
                warnings = (*map(str, loaded.skipped), *carry_over_to_shadow(block, run))
                checks = verify_shadow(block, run, archive)
                finish_shadow(block, run)
            swapped = swap_in(block, run)
    return Restored(
        database=database,
        previous=swapped.set_aside,
        tables=tuple(RestoredTable(table=table.table, rows=table.rows) for table in archive.manifest.tables),
        sessions_terminated=swapped.sessions_terminated,
        swap_seconds=swapped.seconds,
        checks=checks,
        warnings=warnings,
    )


@task(**ONCE)
def load_shadow(block: RefreshEnvironment, run: RunKey, archive: Archive) -> LoadedArchive:
    """Make the shadow database anew, load the archive into it; loading holds every row count against the manifest."""
    target = block.environment.target
    manifest = archive.manifest
    login = target_login(block)
    with no_row_escapes(f"shadow of {target.database}", doing="loading the archive"):
        state = check_target(login, target.database, run)
        shadow = create_shadow(
            login,
            target.database,
            clone_ownership(block.environment, run, datetime.now(UTC)),
            locale=DatabaseLocale(
                encoding=manifest.encoding,
                collate=manifest.collate,
                ctype=manifest.ctype,
                provider=manifest.locale_provider,
                locale=manifest.locale,
            ),
            allow_locale_change=target.allow_locale_change,
        )
        return load_archive(
            login=login,
            database=shadow,
            owner_role=state.owner,
            s3_client=client(block.target_credentials, "s3"),
            bucket=archive.bucket,
            prefix=archive.prefix,
            manifest=manifest,
        )


@task(**ONCE)
def carry_over_to_shadow(block: RefreshEnvironment, run: RunKey) -> tuple[str, ...]:
    """Give the shadow the settings and grants of the live database; returns what couldn't be given."""
    database = block.environment.target.database
    with no_row_escapes(f"shadow of {database}", doing="carrying settings and grants over"):
        return carry_over(target_login(block), database, run).warnings


@task(**ONCE)
def verify_shadow(block: RefreshEnvironment, run: RunKey, archive: Archive) -> tuple[Check, ...]:
    """Hold the loaded database against the signed report, before the user's own scripts change it.

    Raises:
        VerificationFailed: the target stays what it was.
    """
    database = block.environment.target.database
    with no_row_escapes(f"shadow of {database}", doing="verifying it"):
        signed = read_masking_report(block, run, archive)
        policy = read_policy(policy_directory(block.environment.policy_name))
        checks = check_restored(target_login(block), run.shadow_database(database), policy, signed)
    get_run_logger().info("Verified %s before the swap: %d checks passed", database, len(checks))
    return checks


@task(**ONCE)
def finish_shadow(block: RefreshEnvironment, run: RunKey) -> None:
    """The user's own scripts on the shadow, then the user's own queries that must find nothing wrong."""
    home = policy_directory(block.environment.policy_name)
    login, shadow = target_login(block), run.shadow_database(block.environment.target.database)
    with no_row_escapes(f"shadow of {block.environment.target.database}", doing="finishing it"):
        scripts = run_scripts(login, shadow, home / "post_restore")
        queries = run_verifications(login, shadow, home / "verification")
    get_run_logger().info("Post-restore: %d scripts, %d verification queries", len(scripts), len(queries))


@task(**ONCE)
def swap_in(block: RefreshEnvironment, run: RunKey) -> Swapped:
    """Make the shadow live; what was live stays as the previous database."""
    target = block.environment.target
    now = datetime.now(UTC)
    with no_row_escapes(f"target database {target.database}", doing="swapping"):
        return swap(
            target_login(block),
            target.database,
            clone_ownership(block.environment, run, now),
            previous_expires_at=now + timedelta(days=target.keep_previous_days),
        )
