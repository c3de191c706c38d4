"""What the image promises, read from its Dockerfile: docker isn't needed to see it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from deployments.ecs import job_template
from tests.ecs_image import CHECKOUT, Instruction, in_context, stages

FINAL, BUILD = stages()[-1], stages()[0]
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
AURORA_MAJORS = (14, 15, 16, 17, 18)


def only(stage: list[Instruction], name: str) -> str:
    (found,) = [instruction.text for instruction in stage if instruction.name == name]
    return found


def test_both_stages_begin_with_one_python_that_is_named_by_digest() -> None:
    (base,) = re.findall(
        r"^ARG PYTHON=(\S+)$", (CHECKOUT / "deployments/ecs/Dockerfile").read_text(), re.MULTILINE
    )
    assert re.fullmatch(r"\S+:3\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base)
    assert [stage[0].text.split()[0] for stage in stages()] == ["${PYTHON}", "${PYTHON}"]


def test_it_runs_as_the_user_and_writes_where_the_job_template_says() -> None:
    assert only(FINAL, "USER") == job_template.USER
    assert only(FINAL, "VOLUME") == f'["{job_template.SCRATCH}"]'
    environment = only(FINAL, "ENV")
    assert f"HOME={job_template.SCRATCH}" in environment
    assert f"TMPDIR={job_template.SCRATCH}" in environment
    assert "PYTHONDONTWRITEBYTECODE=1" in environment
    assert only(FINAL, "CMD") == '["prefect", "flow-run", "execute"]'


@pytest.mark.parametrize("major", AURORA_MAJORS)
def test_it_has_the_client_tools_of_each_major_version_that_aurora_runs(major: int) -> None:
    assert f"postgresql-client-{major} " in " ".join(i.text for i in FINAL if i.name == "RUN") + " "


def test_python_packages_come_from_the_lock_alone_each_by_hash() -> None:
    commands = [instruction.text for instruction in BUILD if instruction.name == "RUN"]
    installing = [command for command in commands if re.search(r"pip install|uv sync|uv pip", command)]
    assert len(installing) == 2
    assert "--require-hashes" in installing[0]
    assert "uv sync --frozen --no-default-groups" in installing[1]


def test_it_holds_no_secret_and_no_address_of_a_server() -> None:
    text = (CHECKOUT / "deployments/ecs/Dockerfile").read_text()
    assert not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|PREFECT_API_URL", text)


def test_it_has_the_flows_and_neither_local_aws_nor_the_tests() -> None:
    for path in (
        "flows/refresh.py",
        "sql/functions/mac.sql",
        "deployments/environments/dev.yaml",
        "prefect.yaml",
    ):
        assert in_context(Path(path)), path
    for path in (
        "deployments/localaws/server.py",
        "deployments/demo/world.py",
        "tests/conftest.py",
        ".git/config",
    ):
        assert not in_context(Path(path)), path


def test_every_package_of_the_image_has_a_wheel_for_it_so_no_compiler_is_needed() -> None:
    """CPython 3.13 on Linux, for Intel and for ARM."""
    with (CHECKOUT / "uv.lock").open("rb") as file:
        packages = {package["name"]: package for package in tomllib.load(file)["package"]}
    wanted = _closure(packages, "dev-db-refresh")
    for machine in ("x86_64", "aarch64"):
        without = [name for name in wanted if not _has_wheel(packages[name], machine)]
        assert without == [], machine


def _closure(packages: dict[str, dict[str, Any]], root: str) -> set[str]:
    """What is installed on Linux beside ``root``."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        for needed in packages[waiting.pop()].get("dependencies", []):
            is_elsewhere = re.search(
                r"win32|darwin|python_full_version < '3\.1[0-3]'", needed.get("marker", "")
            )
            if needed["name"] not in found and not is_elsewhere:
                found.add(needed["name"])
                waiting.append(needed["name"])
                extras = packages[needed["name"]].get("optional-dependencies", {})
                for extra in needed.get("extra", []):
                    more = [item["name"] for item in extras.get(extra, [])]
                    found.update(more)
                    waiting += more
    return found


def _has_wheel(package: dict[str, Any], machine: str) -> bool:
    names = [wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", [])]
    fits = re.compile(rf"-(py3|py2\.py3)-none-any|-(cp313-cp313|cp3\d+-abi3|py3-none)-manylinux\S*_{machine}")
    return any(fits.search(name) for name in names)
