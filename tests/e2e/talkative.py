"""A run in which everybody says all that they can, so that what must not be said would be heard."""

from __future__ import annotations

from pathlib import Path

import prefect.logging
import yaml

TALKATIVE = (
    "botocore", "boto3", "hvac", "requests", "urllib3", "s3transfer", "psycopg", "sqlalchemy", "slack_sdk",
)  # fmt: skip


def everything_at_debug(directory: Path) -> dict[str, str]:
    """The environment of a run in which every library below us says all, on the console and in Prefect's log of it.

    By a logging configuration, as an operator would: psycopg's logger is quiet unless it finds a level set.
    """
    configuration = yaml.safe_load(Path(prefect.logging.__file__).with_name("logging.yml").read_text())
    configuration["loggers"] |= {name: {"level": "DEBUG", "handlers": ["api"]} for name in TALKATIVE}
    file = directory / "logging.yml"
    file.write_text(yaml.safe_dump(configuration))
    return {
        "PREFECT_LOGGING_SETTINGS_PATH": str(file),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
