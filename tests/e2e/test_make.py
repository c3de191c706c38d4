"""``make`` sets itself up wherever the checkout lies and whoever calls it, and then has nothing more to set up."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fix_prefect import CHECKOUT

SETUP_TIMEOUT_S = 600
NOBODY = "nobody"


@pytest.fixture
def clone() -> Iterator[Path]:
    """The checkout as a clone has it, in a directory with spaces, which belongs to whoever will call make."""
    # pytest's own directories are closed to all but who runs it.
    above = Path(tempfile.mkdtemp(prefix="refresh-tests-make-"))
    try:
        directory = above / "dir with spaces"
        shutil.copytree(CHECKOUT, directory, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        if is_root():
            above.chmod(0o755)
            for path in (directory, *directory.rglob("*")):
                shutil.chown(path, NOBODY)
        yield directory
    finally:
        shutil.rmtree(above)


def is_root() -> bool:
    return os.geteuid() == 0


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``make …`` as somebody who isn't root and has no home; packages come from where they always do."""
    mine = ("MAKE", "MFLAGS", "XDG_", "UV_CACHE_DIR", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    done = subprocess.run(
        ["make", *arguments],
        cwd=directory,
        env={**environment, "HOME": "/nonexistent", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SETUP_TIMEOUT_S,
        user=NOBODY if is_root() else None,
        group=pwd.getpwnam(NOBODY).pw_gid if is_root() else None,
        extra_groups=[] if is_root() else None,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def last_changed(directory: Path) -> dict[Path, int]:
    """Every file and folder below, and when it was last written."""
    return {path: path.lstat().st_mtime_ns for path in (directory, *directory.rglob("*"))}


@pytest.mark.timeout(SETUP_TIMEOUT_S)
def test_setup_works_in_a_directory_with_spaces_without_root_or_home_and_a_second_does_nothing(
    clone: Path,
) -> None:
    make(clone, "setup")
    python = clone / ".venv" / "bin" / "python"
    everything = (
        "from importlib.util import find_spec; assert all(map(find_spec, ('prefect', 'moto', 'pytest')))"
    )
    subprocess.run([python, "-c", everything], cwd=clone, check=True)

    after_the_first = last_changed(clone)
    assert (clone / ".venv" / ".synced") in after_the_first
    # What make would run: neither pip nor uv, nor anything else.
    would_run = make(clone, "--dry-run", "setup").stdout
    assert re.fullmatch(r"make: Nothing to be done for .setup.\.\n", would_run), would_run
    make(clone, "setup")
    assert last_changed(clone) == after_the_first
