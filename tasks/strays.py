"""Resources of envs that nobody sweeps any more, since neither a file nor a block is left of them."""

from __future__ import annotations

from collections.abc import Collection

from prefect import task

from blocks.refresh_environment import RefreshEnvironment
from tasks.aurora.inventory import find_in_aws
from tasks.transient import ONCE


@task(**ONCE)
def find_strays(block: RefreshEnvironment, known_envs: Collection[str]) -> list[str]:
    """What in the accounts of ``block`` carries our tags for an env that isn't among ``known_envs``, a line each."""
    found = {
        f"{item.kind} {item.identifier} of env {item.ownership.env!r}"
        for item in find_in_aws(block)
        if item.ownership and item.ownership.env not in known_envs
    }
    return sorted(found)
