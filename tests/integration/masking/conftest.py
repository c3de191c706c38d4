"""A shop that is masked once per test module, and the pieces to mask any database with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from contracts.errors import VerificationFailed
from contracts.login import Login
from contracts.report import MaskingReport
from masking.catalogue import Catalogue
from masking.keys import MaskingKeys
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.connection import connect
from tasks.postgres.quarantine import quarantine
from tasks.postgres.rehearsal import rehearse
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import finish
from tasks.proof.gathering import gather_and_remember
from tasks.proof.proving import prove

HERE = Path(__file__).parent
KEYS = MaskingKeys(root=bytes(range(32)))
#: A table of a hundred people who are called kayla.
USERS = (
    "CREATE TABLE users (id int PRIMARY KEY, email text, is_test bool);"
    "INSERT INTO users SELECT i, 'kayla' || i || '@mail.example', i > 90 FROM generate_series(1, 100) i;"
)


@dataclass(frozen=True)
class Clone:
    """A database that plays the clone."""

    login: Login
    database: str

    def execute(self, statement: str) -> None:
        with connect(self.login, self.database, autocommit=True) as connection:
            connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.login, self.database) as connection:
            return connection.execute(query).fetchall()

    def value(self, query: str) -> Any:
        ((found,),) = self.rows(query)
        return found

    def plan(
        self, policy: str, scripts: dict[str, str] | None = None, *, labels: dict[str, str] | None = None
    ) -> tuple[Catalogue, Plan]:
        catalogue = read_catalogue(self.login, self.database)
        return catalogue, make_plan(catalogue, parse_policy(policy, scripts, labels=labels))

    def mask(
        self,
        policy: str,
        scripts: dict[str, str] | None = None,
        *,
        labels: dict[str, str] | None = None,
        keys: MaskingKeys = KEYS,
        finishes: bool = True,
    ) -> MaskingReport:
        """The whole step, in its order; unless it ``finishes``, as far as its verdict."""
        quarantine(self.login, self.database)
        catalogue, plan = self.plan(policy, scripts, labels=labels)
        rehearse(self.login, self.database, catalogue, plan, keys)
        raw = gather_and_remember(self.login, self.database, catalogue, plan, keys)
        rewrite(self.login, self.database, catalogue, plan, keys)
        report = prove(self.login, self.database, catalogue, plan, raw, keys)
        if finishes:
            finish(self.login, self.database)
        return report

    def refused(self, policy: str, scripts: dict[str, str] | None = None) -> str:
        """What the proof stops the step with, which quotes no value."""
        with pytest.raises(VerificationFailed) as refused:
            self.mask(policy, scripts)
        assert "kayla" not in str(refused.value).lower()
        return str(refused.value)


@pytest.fixture
def clone(master_login: Login, database: str) -> Clone:
    return Clone(login=master_login, database=database)


@pytest.fixture
def as_superuser(superuser_conninfo: Callable[[str], str], database: str) -> Callable[[str], None]:
    def execute(statement: str) -> None:
        with psycopg.connect(superuser_conninfo(database), autocommit=True) as connection:
            connection.execute(statement)

    return execute


@pytest.fixture
def shop(clone: Clone) -> Clone:
    clone.execute((HERE / "shop.sql").read_text())
    return clone


@pytest.fixture(scope="session")
def shop_policy() -> str:
    return (HERE / "shop.yaml").read_text()
