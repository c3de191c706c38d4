"""Where the user's own folders are: ``deployments/environments/`` and ``sql/databases/``.

They are in this checkout unless ``REFRESH_CONFIG_ROOT`` names another directory that holds the two, such as a
repository of the user's own, so that an upgrade of the pipeline is no merge.
"""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def config_root() -> Path:
    return Path(os.environ.get("REFRESH_CONFIG_ROOT") or CHECKOUT)


def environments_directory() -> Path:
    return config_root() / "deployments" / "environments"


def policy_directory(policy: str) -> Path:
    return config_root() / "sql" / "databases" / policy
