"""Whether the clone's server keeps what it holds to itself: asked of it, since a group's name proves nothing."""

from __future__ import annotations

from contracts.errors import PreconditionFailed
from contracts.login import Login
from tasks.postgres.connection import connect, safe_errors

# https://www.postgresql.org/docs/current/runtime-config-logging.html: a statement or a DETAIL in the server's log
# would quote raw values.
_WANTED = {
    "log_statement": ("none",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_min_error_statement": ("panic",),
    "log_error_verbosity": ("terse",),
    "log_parameter_max_length_on_error": ("0",),
    # A restored subscriber would take its slot from the original.
    "max_logical_replication_workers": ("0",),
}
# pg_cron, pg_partman and pg_squeeze would run the source's jobs, pgaudit and auto_explain would log its rows.
_ACTIVE_LIBRARIES = frozenset(
    {"auto_explain", "pg_cron", "pg_partman_bgw", "pg_squeeze", "pgactive", "pgaudit", "pglogical"}
)


def check_clone_settings(login: Login, database: str, *, parameter_group: str) -> None:
    """Refuse a clone whose parameter group lets it act or log.

    Raises:
        PreconditionFailed: with each parameter and the value that it needs. Nothing was read but settings.
    """
    with (
        safe_errors(f"database {database!r} of the clone", doing="reading its settings"),
        connect(login, database) as connection,
    ):
        found = dict(
            connection.execute(
                "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY (%s)",
                [[*_WANTED, "shared_preload_libraries"]],
            ).fetchall()
        )
    faults = settings_faults(found)
    if faults:
        raise PreconditionFailed(
            f"the clone could log or pass on what it holds: {'; '.join(faults)}",
            resource=f"DB cluster parameter group {parameter_group}",
            remedy="Set these parameters in it; nothing was read from the clone.",
        )


def settings_faults(found: dict[str, str]) -> tuple[str, ...]:
    """What is set otherwise than it must be, each as ``name is x, not y``. An unknown parameter is no fault."""
    faults = [
        f"{name} is {found[name]}, not {wanted[0]}"
        for name, wanted in _WANTED.items()
        if name in found and found[name] not in wanted
    ]
    libraries = {library.strip() for library in found.get("shared_preload_libraries", "").split(",")}
    faults += [f"shared_preload_libraries has {library}" for library in sorted(libraries & _ACTIVE_LIBRARIES)]
    return tuple(faults)
