"""A live run renews the expiry of its clone, so that the janitor takes no long pass for a dead one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from prefect.logging import get_logger

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import RefreshError
from contracts.expiry import clone_ownership
from contracts.naming import RunKey
from contracts.ownership import check_ours, ownership_of_aws_tags
from tasks.aurora.describe import describe_cluster, describe_instance
from tasks.aws import aws_errors, client

# Three renewals may fail before the expiry is reached.
RENEWALS_PER_LIFETIME = 4


@contextmanager
def renewed_while_alive(block: RefreshEnvironment, run: RunKey) -> Iterator[None]:
    """Renew in the background as long as the context lasts; the thread dies with the process."""
    ended = threading.Event()
    pause_s = block.environment.clone_lifetime.total_seconds() / RENEWALS_PER_LIFETIME

    def renew_on_and_on() -> None:
        while not ended.wait(pause_s):
            try:
                renew(block, run)
            except RefreshError as error:
                get_logger("refresh.renewal").warning("The clone's expiry wasn't renewed: %s", error)

    thread = threading.Thread(target=renew_on_and_on, name="renewal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def renew(block: RefreshEnvironment, run: RunKey) -> None:
    """Move the expiry of the clone and its instance to a full lifetime from now."""
    credentials = block.target_credentials
    ownership = clone_ownership(block.environment, run, datetime.now(UTC))
    cluster = describe_cluster(credentials, run.aws_identifier("clone"))
    instance = describe_instance(credentials, run.aws_identifier("clone-writer"))
    arns = [(cluster, "DBClusterArn"), (instance, "DBInstanceArn")]
    for found, arn_field in arns:
        if found is None:
            continue
        arn = str(found[arn_field])  # type: ignore[literal-required]
        check_ours(ownership_of_aws_tags(found.get("TagList", [])), run, resource=arn)  # type: ignore[arg-type]
        with aws_errors(arn, doing="renewing its expiry"):
            client(credentials, "rds").add_tags_to_resource(
                ResourceName=arn,
                Tags=ownership.aws_tags(),  # type: ignore[arg-type]
            )
