"""The last guard where data is near: whatever goes wrong inside leaves as an error of ours, without a row in it.

Prefect stores an exception's message, its chained causes and its traceback. Those of PostgreSQL, of a codec or of a
bug can quote what was being read.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from contracts.errors import RefreshError
from tasks.postgres.connection import translated


@contextmanager
def no_row_escapes(resource: str, *, doing: str) -> Iterator[None]:
    """Let errors of ours pass, and translate every other one to its kind and the line that raised it."""
    try:
        yield
    except RefreshError:
        raise
    except psycopg.Error as error:
        raise translated(error, resource, doing=doing) from None
    except Exception as error:  # noqa: BLE001 - the point of a border
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise RefreshError(
            f"{type(error).__name__} while {doing}, at {Path(frame.filename).name}:{frame.lineno}",
            resource=resource,
            remedy="This is a bug; its text is withheld since it could quote a row. Report the kind and the place.",
        ) from None
