"""A virtual environment per peer, made when it is first needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.peers.course import Peer, PeerFailed

_INSTALL_TIMEOUT_S = 600
_MESSAGE_CHARACTERS = 500


class NotInstalled(PeerFailed):
    """pip failed, which says nothing about the peer: the network may be back next time."""


def installed(peer: Peer, peers_dir: Path) -> Path:
    """The ``bin`` of ``peers_dir/<name>`` with the peer in it.

    Raises:
        NotInstalled: pip's message.
    """
    directory = peers_dir / peer.name
    made_of = directory / "requirement.txt"
    if made_of.is_file() and made_of.read_text(encoding="utf-8") == peer.requirement:
        return directory / "bin"
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(parents=True, exist_ok=True)
    for argv in (
        [sys.executable, "-m", "venv", str(directory)],
        [
            str(directory / "bin" / "pip"),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            peer.requirement,
        ],
    ):
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotInstalled(
                f"pip install {peer.requirement}: longer than {_INSTALL_TIMEOUT_S} s"
            ) from None
        if done.returncode:
            end = done.stderr.strip().replace(str(directory), ".")[-_MESSAGE_CHARACTERS:]
            raise NotInstalled(f"pip install {peer.requirement}: {end}")
    made_of.write_text(peer.requirement, encoding="utf-8")
    return directory / "bin"
