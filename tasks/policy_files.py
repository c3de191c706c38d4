"""Reads the policy of a database and its scripts from ``sql/databases/{policy}/``."""

from __future__ import annotations

from pathlib import Path

from contracts.environment import Environment
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


def check_approved(environment: Environment, policy: Policy) -> None:
    """Raise :class:`PolicyInvalid` where the environment names the policy that was approved, and this is another."""
    pinned = environment.masking.policy_digest
    if pinned is not None and pinned != policy.digest:
        raise PolicyInvalid(
            f"its digest is {policy.digest}, and environment {environment.name} has approved {pinned}",
            resource=f"policy {environment.policy_name}",
            remedy="Have it reviewed, then write its digest into masking.policy_digest of the environment's file.",
        )


def _sql_files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.sql"))}
