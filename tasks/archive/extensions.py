"""Which extensions an archive doesn't carry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: In one database of a server only, named by a parameter: https://github.com/citusdata/pg_cron
_OF_ONE_DATABASE: Final = frozenset({"pg_cron"})
#: What watches and mends a server, and is nobody's data model. Each server's operators have their own.
_OF_OPERATIONS: Final = frozenset(
    {
        "amcheck", "apg_plan_mgmt", "auto_explain", "hypopg", "log_fdw", "pageinspect",
        "pg_buffercache", "pg_freespacemap", "pg_hint_plan", "pg_logicalinspect", "pg_prewarm", "pg_proctab",
        "pg_repack", "pg_squeeze", "pg_stat_kcache", "pg_stat_monitor", "pg_stat_statements", "pg_transport",
        "pg_visibility", "pg_wait_sampling", "pg_walinspect", "pgactive", "pgaudit", "pglogical", "pglogical_origin",
        "pgrowlocks", "pgstattuple", "plprofiler", "rds_tools", "sslinfo",
    }
)  # fmt: skip
LEFT_OUT: Final = _OF_ONE_DATABASE | _OF_OPERATIONS


def left_out(found: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
    """Of the names of extensions, each with whether something else depends on it, those that an archive leaves out.

    What a view or a default needs stays, or the archive couldn't be restored.
    """
    return tuple(sorted(name for name, is_depended_on in found if name in LEFT_OUT and not is_depended_on))
