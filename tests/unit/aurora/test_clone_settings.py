"""A clone that could log a statement, or act by itself, is refused by the name of the parameter."""

from __future__ import annotations

import pytest

from tasks.postgres.clone_settings import settings_faults

SILENT = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "max_logical_replication_workers": "0",
    "shared_preload_libraries": "rdsutils,pg_stat_statements",
}


def test_a_silent_clone_has_no_fault() -> None:
    assert settings_faults(SILENT) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
        ("log_min_error_statement", "error"),
        ("log_error_verbosity", "default"),
        ("max_logical_replication_workers", "4"),
        ("shared_preload_libraries", "pg_stat_statements, pg_cron"),
    ],
)
def test_what_lets_it_log_or_act_is_named(name: str, value: str) -> None:
    (fault,) = settings_faults({**SILENT, name: value})
    assert fault.startswith(name)
