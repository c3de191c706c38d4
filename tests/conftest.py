"""What every test may rely on: no set-up of the developer's own reaches it, and a unit test touches nothing."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
KINDS = ("unit", "integration", "e2e")

# Each fix_*.py holds the fixtures for one thing that is started for the tests.
pytest_plugins = tuple(f"tests.{path.stem}" for path in sorted(TESTS.glob("fix_*.py")))

# Before anything imports Prefect or boto3, which read these once: a developer's profile, credentials and
# default databases must be out of reach, so that no test can end up in a real account.
for name in list(os.environ):
    if name.startswith(("PREFECT_", "AWS_", "PG")) and name != "AWS_CA_BUNDLE":
        del os.environ[name]
os.environ |= {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "DO_NOT_TRACK": "1",
    "PREFECT_HOME": tempfile.mkdtemp(prefix="refresh-tests-prefect-"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # A test that needs a server uses `prefect_server`; one that starts another by accident fails.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder; keep the tests of one end-to-end file in one process of a parallel run.

    Such a process has a Prefect server and a local AWS of its own, and a file's tests share what they set up there.
    """
    for item in items:
        kind = item.path.relative_to(TESTS).parts[0]
        if kind in KINDS:
            item.add_marker(kind)
        if kind == "e2e":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(autouse=True)
def no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("unit"):

        def refuse(self: socket.socket, address: Any, *_: Any) -> None:
            raise AssertionError(f"a unit test tried to connect to {address}")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket.socket, "connect_ex", refuse)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["PREFECT_HOME"], ignore_errors=True)
