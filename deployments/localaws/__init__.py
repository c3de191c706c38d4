"""AWS on this machine: moto's services, and a real PostgreSQL server for each Aurora cluster.

``with LocalAws() as aws:`` in a test, ``python -m deployments.localaws`` for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.localaws.server import LocalAws as LocalAws

__all__ = ["LocalAws"]


def __getattr__(name: str) -> Any:
    """moto takes a second to import; whoever wants only PostgreSQL from here doesn't wait for it."""
    if name != "LocalAws":
        raise AttributeError(name)
    from deployments.localaws.server import LocalAws

    return LocalAws
