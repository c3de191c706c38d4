"""One refresh per env at a time, whichever deployment started it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prefect.concurrency.asyncio import AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency

from blocks.register import concurrency_limit_name
from contracts.errors import ConfigurationError, PreconditionFailed

# A process that is killed leaks its slot for the lease: a run that follows it waits a little longer than that.
LEASE_S = 60.0
WAIT_S = 120.0


@contextmanager
def one_refresh_at_a_time(env: str) -> Iterator[None]:
    """Hold the env's slot. A deployment's own limit wouldn't do: nightly, ad hoc and CI each have their own.

    Raises:
        PreconditionFailed: another refresh of ``env`` holds it.
        ConfigurationError: the limit doesn't exist on this Prefect server.
    """
    limit = concurrency_limit_name(env)
    with ExitStack() as slot:
        try:
            slot.enter_context(
                concurrency(
                    limit,
                    timeout_seconds=WAIT_S,
                    strict=True,
                    lease_duration=LEASE_S,
                    # A Prefect server that is away for a moment is no reason to abort: the target has its own lock.
                    raise_on_lease_renewal_failure=False,
                )
            )
        except AcquireConcurrencySlotTimeoutError:
            raise PreconditionFailed(
                "another refresh of it is under way",
                resource=f"env {env!r}",
                remedy="Wait for that run, or cancel it in Prefect.",
            ) from None
        except ConcurrencySlotAcquisitionError:
            raise ConfigurationError(
                f"the global concurrency limit {limit} doesn't exist on this Prefect server",
                resource=f"env {env!r}",
                remedy="Register the environment files: python -m blocks.register",
            ) from None
        yield
