"""Passwords are rotated while a run is under way: one that a server refuses may have changed since it was read."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from contracts.errors import ClientToolFailed, DatabaseError

Answer = TypeVar("Answer")

#: In rotation the database has a new password a moment before the secret says so.
#: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html
ROTATION_S = 3.0


def past_rotation(log_in: Callable[[], Answer]) -> Answer:
    """What ``log_in`` gives; once more, after a pause, where the password that it reads is refused."""
    try:
        return log_in()
    except (DatabaseError, ClientToolFailed) as error:
        if not error.is_refused_login:
            raise
    sleep(ROTATION_S)
    return log_in()
