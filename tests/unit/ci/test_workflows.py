"""The workflows have the least permissions, pinned actions, and no text of a caller's in a script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CHECKOUT = Path(__file__).parents[3]
WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yaml"))
CALLER = CHECKOUT / "deployments" / "ci" / "caller.yaml"
every_workflow = pytest.mark.parametrize("path", [*WORKFLOWS, CALLER], ids=lambda path: path.name)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path)
    return content


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", [])]


@every_workflow
def test_a_workflow_may_do_nothing_but_what_its_job_asks_for(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for job in read(path)["jobs"].values():
        assert job["permissions"].items() <= {"contents": "read", "id-token": "write"}.items()


@every_workflow
def test_what_is_used_is_pinned_by_a_commit_and_says_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for line in used:
        assert re.fullmatch(r"\S+@[0-9a-f]{40} # \S.*", line), line


@every_workflow
def test_no_script_holds_an_expression_that_a_caller_could_fill_with_commands(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@every_workflow
def test_a_checkout_keeps_no_credentials(path: Path) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_caller_gives_the_reusable_workflow_what_it_asks_for() -> None:
    (job,) = read(CALLER)["jobs"].values()
    inputs = read(CHECKOUT / ".github" / "workflows" / "refresh.yaml")["on"]["workflow_call"]["inputs"]
    required = {name for name, given in inputs.items() if given.get("required")}
    assert required <= job["with"].keys() <= inputs.keys()
    assert job["uses"].partition("/.github/workflows/")[2].startswith("refresh.yaml@")


def test_this_repository_is_tested_by_what_has_to_pass_before_a_change_is_taken() -> None:
    scripts = [
        step["run"] for step in steps(CHECKOUT / ".github" / "workflows" / "test.yaml") if "run" in step
    ]
    assert scripts == [".ci/run"]
