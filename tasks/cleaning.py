"""Cleanup: one idempotent function of the run's key, called by the flow's ``finally``, the state hooks and nobody else.

It needs nothing but the environment and the key, so it works in a process that knows nothing else of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefect.logging import get_logger

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import CleanupIncomplete, RefreshError
from contracts.naming import RunKey
from contracts.ownership import Ownership, check_ours
from tasks.archiving import delete_unfinished_archive
from tasks.aurora.removing import AwsResource, remove
from tasks.aurora.sharing import stop_sharing
from tasks.secrets.one_run import delete_one_run_secret
from tasks.shadowing import drop_run_shadow


def clean_up(block: RefreshEnvironment, run: RunKey) -> None:
    """Take away all that ``run`` made but its complete archive and what it swapped into the target.

    Every part is tried, whatever happened to those before it.

    Raises:
        CleanupIncomplete: something is still there.
    """
    parts: dict[str, Callable[[], None]] = {
        "clone": lambda: _remove_clone(block, run),
        "one-run secret": lambda: delete_one_run_secret(block.target_credentials, run),
        "snapshot's copy": lambda: _remove_copy(block, run),
        "sharing of the snapshot": lambda: _stop_sharing(block, run),
        "snapshot": lambda: _remove_snapshot(block, run),
        "unfinished archive": lambda: delete_unfinished_archive(block, run),
        "shadow database": lambda: drop_run_shadow(block, run),
    }
    failures: dict[str, RefreshError] = {}
    for part, take_away in parts.items():
        try:
            take_away()
        except RefreshError as error:
            failures[part] = error
    if failures:
        raise CleanupIncomplete(
            leftovers=tuple(failures),
            remedy=" ".join(f"[{part}] {error}" for part, error in failures.items()),
        )


@contextmanager
def without_hiding(first: BaseException | None) -> Iterator[None]:
    """Run a cleanup whose own failure must not replace ``first``, the error that the run ends with.

    Where the run went well until then, a failed cleanup is the run's error.
    """
    try:
        yield
    except RefreshError as error:
        if first is None:
            raise
        get_logger("refresh.cleanup").error("%s", error)
        first.add_note(f"Besides: {error}")


def _remove_clone(block: RefreshEnvironment, run: RunKey) -> None:
    remove(
        block.target_credentials,
        [
            AwsResource(kind="instance", identifier=run.aws_identifier("clone-writer")),
            AwsResource(kind="cluster", identifier=run.aws_identifier("clone")),
        ],
        may_delete=_only_of(run),
    )


def _remove_copy(block: RefreshEnvironment, run: RunKey) -> None:
    if block.environment.source.share is not None:
        copy = AwsResource(kind="cluster snapshot", identifier=run.aws_identifier("copy"))
        remove(block.target_credentials, [copy], may_delete=_only_of(run))


def _stop_sharing(block: RefreshEnvironment, run: RunKey) -> None:
    if block.environment.source.share is not None:
        stop_sharing.fn(block.source_credentials, block.environment, run)


def _remove_snapshot(block: RefreshEnvironment, run: RunKey) -> None:
    if block.environment.source.keep_snapshot_days:
        return
    remove(
        block.source_credentials,
        [AwsResource(kind="cluster snapshot", identifier=run.aws_identifier("snapshot"))],
        may_delete=_only_of(run),
    )


def _only_of(run: RunKey) -> Callable[[Ownership | None, str], object]:
    return lambda ownership, resource: check_ours(ownership, run, resource=resource)
