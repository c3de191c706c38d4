"""Reads the policy of a database and its scripts from ``sql/databases/{policy}/``."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import PolicyInvalid
from masking.policy.reading import POLICY_FILE, parse_policy
from masking.policy.rules import Policy


def read_policy(directory: Path) -> Policy:
    """The policy in ``directory``: ``policy.yaml``, ``masking/*.sql`` and ``labels/*.sql``.

    Raises:
        PolicyInvalid: with file, line and column.
    """
    # Where it is a link, an error names the file that somebody would edit.
    directory = directory.resolve()
    file = directory / POLICY_FILE
    try:
        text = file.read_text(encoding="utf-8")
        scripts, labels = _sql_files(directory / "masking"), _sql_files(directory / "labels")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyInvalid(
            f"it can't be read ({type(error).__name__})",
            resource=str(file),
            remedy="A database needs a policy.yaml in sql/databases/, in UTF-8.",
        ) from None
    return parse_policy(text, scripts, labels=labels, name=str(file))


def _sql_files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.sql"))}
