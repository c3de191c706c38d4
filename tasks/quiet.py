"""Libraries below us that log what they send and receive, secrets included, are kept from it.

Whatever level somebody sets: botocore's DEBUG lines quote whole requests and answers (a password in ModifyDBCluster,
a secret from GetSecretValue), slack_sdk's name the webhook's URL, which is its secret.
"""

from __future__ import annotations

import logging

_TALKATIVE = frozenset({"aiobotocore", "boto3", "botocore", "hvac", "s3transfer", "slack_sdk", "urllib3"})
# Made at the first use only, which is too late to be found among the loggers that exist.
_MADE_LATE = ("slack_sdk.webhook.client", "slack_sdk.webhook.async_client")


class _Withhold(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO and not record.name.startswith("slack_sdk")


_WITHHOLD = _Withhold()


def withhold_bodies() -> None:
    """Put a filter on each logger of such a library; a filter on a logger sees only that logger's own records.

    https://docs.python.org/3/library/logging.html#filter-objects
    """
    existing = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in _TALKATIVE]
    for name in (*existing, *_MADE_LATE):
        logging.getLogger(name).addFilter(_WITHHOLD)
