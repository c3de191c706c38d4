"""What docs/triggers.md says to zip is all that the Lambda function needs beside Lambda's own boto3."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def test_the_function_is_imported_from_the_files_that_are_named_and_no_others(tmp_path: Path) -> None:
    (named,) = re.findall(r"zip -r start\.zip (.*)", (CHECKOUT / "docs" / "triggers.md").read_text())
    for name in named.split():
        source, target = CHECKOUT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    code = (
        "import sys; from deployments.eventbridge.handler import handle;"
        " print(*sorted({'prefect', 'pydantic', 'httpx', 'moto'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr
