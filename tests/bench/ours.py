"""The product's masking of the fixed table: from its first statement until the clone is ready for the dump."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from contracts.login import Login
from masking.catalogue import Catalogue
from masking.keys import MaskingKeys
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from masking.statements.checks import UNIQUE, Check, checks_of
from tasks.archive.saved_schema import save_schema
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.masking_session import hand_over_keys, in_parallel, masking_session
from tasks.postgres.rewrite import remember, rewrite
from tasks.postgres.verification import finish

#: Not secret: what it masks is invented.
KEYS = MaskingKeys(root=bytes(range(32)))
POLICY = (Path(__file__).parent / "policy.yaml").read_text(encoding="utf-8")

Way = Callable[[Login, str, Catalogue, Plan, MaskingKeys], None]
#: The way that the planner chooses.
CHOSEN: Way = rewrite
#: Every way of running a pass, by its name in the result. The chosen one isn't measured twice.
WAYS: dict[str, Way] = {
    "copy": partial(rewrite, copy_from_bytes=0),
    "update": partial(rewrite, copy_from_bytes=sys.maxsize),
}


class NotDistinct(Exception):
    """Masked values of a unique index meet."""


def mask(login: Login, database: str, *, way: Way = CHOSEN, policy: str = POLICY) -> float:
    """Mask ``database`` and see that unique indexes still hold.

    Result: seconds, from the first masking statement on. What the verification needs to know of the raw values is
    remembered before: :func:`remembering` times that.
    """
    _, seconds = _remember_and_mask(login, database, way=way, policy=policy)
    return seconds


def remembering(login: Login, database: str) -> float:
    """Mask ``database`` too; seconds of what comes before the first masking statement."""
    seconds, _ = _remember_and_mask(login, database, way=CHOSEN, policy=POLICY)
    return seconds


def _remember_and_mask(login: Login, database: str, *, way: Way, policy: str) -> tuple[float, float]:
    catalogue = read_catalogue(login, database)
    plan = make_plan(catalogue, parse_policy(policy))
    save_schema(login, database)
    began = time.perf_counter()
    remember(login, database, catalogue, plan, KEYS)
    remembered = time.perf_counter()
    way(login, database, catalogue, plan, KEYS)
    _check_distinctness(login, database, catalogue, plan)
    finish(login, database)
    return remembered - began, time.perf_counter() - remembered


def _check_distinctness(login: Login, database: str, catalogue: Catalogue, plan: Plan) -> None:
    """The part of the verification without which no dump could be restored; several checks at once, as there."""

    def ask(check: Check) -> None:
        with masking_session(login, database, doing=f"verifying table {check.table}") as connection:
            hand_over_keys(connection, plan, KEYS)
            found = connection.execute(check.query).fetchone()
        if found is None or found[0]:
            raise NotDistinct(f"{check.place}: {found[0] if found else 'unknown'} rows too many")

    in_parallel([check for check in checks_of(plan, catalogue) if check.name == UNIQUE], ask)
