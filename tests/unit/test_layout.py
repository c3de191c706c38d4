"""The checkout is laid out so that Prefect's loader, the linters and a reader find what they expect."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CHECKOUT = Path(__file__).parents[2]
ROOMS = ("flows", "tasks", "blocks", "masking", "contracts", "sql", "deployments", "tests", "docs")
LINES_MAX = 450


def _files(pattern: str) -> list[Path]:
    return sorted(path for room in ROOMS for path in (CHECKOUT / room).rglob(pattern))


def _prefect_yaml() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(CHECKOUT / "prefect.yaml")
    return content


def _locked() -> dict[str, dict[str, Any]]:
    with (CHECKOUT / "uv.lock").open("rb") as file:
        return {package["name"]: package for package in tomllib.load(file)["package"]}


def test_there_is_no_further_top_level_folder() -> None:
    found = {
        path.name for path in CHECKOUT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    }
    assert found == set(ROOMS)


@pytest.mark.parametrize("room", ["flows", "blocks"])
def test_no_module_that_prefect_loads_by_path_hides_another_package(room: str) -> None:
    """Prefect puts the folder of a flow's or block's file first on ``sys.path``: flows/masking.py would be found
    wherever the flow says ``import masking``, and blocks/secrets.py wherever any library wants the stdlib's."""
    taken = {*ROOMS, *sys.stdlib_module_names, *(name.replace("-", "_") for name in _locked())}
    stems = {path.stem for path in (CHECKOUT / room).iterdir() if path.stem != "__init__"}
    assert stems & taken == set()


@pytest.mark.parametrize("room", ["masking", "contracts"])
def test_importing_it_brings_neither_prefect_nor_aws_nor_a_socket(room: str) -> None:
    modules = [
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts) for path in (CHECKOUT / room).rglob("*.py")
    ]
    code = (
        f"import sys, {', '.join(module.removesuffix('.__init__') for module in modules)}\n"
        "print(*{'prefect', 'boto3', 'botocore', 'moto', 'requests', 'httpx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_every_python_file_is_short_enough_to_hold_one_idea() -> None:
    too_long = {
        str(path.relative_to(CHECKOUT)): lines
        for path in _files("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES_MAX
    }
    assert too_long == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    assert [path for path in _files("*.py") if path.stem in drawers] == []


def test_every_deployment_names_a_flow_that_exists_and_the_one_work_pool() -> None:
    deployments = _prefect_yaml()["deployments"]
    names = [
        f"{deployment['entrypoint'].partition(':')[2]}/{deployment['name']}" for deployment in deployments
    ]
    assert names == [
        "refresh/nightly",
        "refresh/adhoc",
        "refresh/ci",
        "refresh_fleet/fleet",
        "janitor/janitor",
        "rollback/rollback",
        "policy/check",
    ]
    for deployment in deployments:
        path, _, function = deployment["entrypoint"].partition(":")
        assert re.search(rf"^(async )?def {function}\(", (CHECKOUT / path).read_text(), re.MULTILINE), path
        assert deployment["work_pool"] == {"name": "refresh"}


def test_prefect_yaml_takes_nothing_from_the_environment() -> None:
    """Prefect replaces an undefined variable by an empty text, and goes on."""
    uncommented = re.sub(r"^\s*#.*$", "", (CHECKOUT / "prefect.yaml").read_text(), flags=re.MULTILINE)
    assert "{{" not in uncommented


def test_each_env_has_one_nightly_schedule_in_a_time_zone_of_its_own() -> None:
    (nightly,) = (
        deployment for deployment in _prefect_yaml()["deployments"] if deployment["name"] == "nightly"
    )
    envs = [schedule["parameters"]["env"] for schedule in nightly["schedules"]]
    files = sorted(path.stem for path in (CHECKOUT / "deployments" / "environments").glob("*.yaml"))
    assert sorted(envs) == files
    assert all(schedule["timezone"] and schedule["cron"] for schedule in nightly["schedules"])


def test_everything_locked_has_hashes() -> None:
    for name, package in _locked().items():
        if "registry" in package["source"]:
            files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
            assert files, name
            assert all(file["hash"].startswith("sha256:") for file in files), name


@pytest.mark.parametrize(
    ("name", "below"), [("fastapi", (0, 151)), ("sqlalchemy", (2, 1)), ("typer", (0, 24))]
)
def test_what_breaks_prefect_stays_below_the_version_that_does(name: str, below: tuple[int, ...]) -> None:
    version = tuple(int(part) for part in _locked()[name]["version"].split(".")[: len(below)])
    assert version < below


def test_make_help_lists_every_target() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: ([a-z0-9-]+)$", makefile, re.MULTILINE)
    listed = subprocess.run(["make", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in listed.splitlines()] == targets
    assert all(len(line.split()) > 3 for line in listed.splitlines())


def test_every_test_that_a_document_names_exists() -> None:
    documents = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").rglob("*.md")]
    named = {
        (document.name, reference)
        for document in documents
        for reference in re.findall(r"`(tests/[\w/]+\.py(?:::\w+)*)`", document.read_text(encoding="utf-8"))
    }
    assert any(document == "README.md" for document, _ in named)
    missing = []
    for document, reference in sorted(named):
        path, *names = reference.split("::")
        text = (CHECKOUT / path).read_text(encoding="utf-8") if (CHECKOUT / path).is_file() else ""
        if not text or not all(re.search(rf"(def|class) {name}\b", text) for name in names):
            missing.append(f"{document}: {reference}")
    assert missing == []


def test_every_file_that_a_document_links_to_exists() -> None:
    missing = [
        f"{document.name}: {link}"
        for document in [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / link).exists()
    ]
    assert missing == []
