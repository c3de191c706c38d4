"""A catalogue from ``pg_dump -s`` is the one that the server gives, but for what such a file can't tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.login import Login
from masking.catalogue import Catalogue, Column, Table
from masking.schema_file import read_schema
from tasks.postgres.catalogue import read_catalogue

HERE = Path(__file__).parent
LOOK_ALIKE = Path(__file__).parents[3] / "deployments" / "demo" / "lookalike" / "schema.sql"


def without_what_no_schema_tells(catalogue: Catalogue) -> Catalogue:
    """Without sizes, statistics, large objects, versions, a materialized view's columns with their domains' CHECKs, the
    copies of a foreign key for each partition that it refers to, and gaps in the numbers of columns.
    """
    return replace(
        catalogue,
        database="",
        large_objects=0,
        tables=tuple(_comparable(catalogue, table) for table in catalogue.tables),
        extensions=tuple(
            replace(found, version="") for found in catalogue.extensions if found.name != "plpgsql"
        ),
    )


def _comparable(catalogue: Catalogue, table: Table) -> Table:
    def column(found: Column, position: int) -> Column:
        return replace(found, position=position, null_fraction=None, n_distinct=None)

    return replace(
        table,
        estimated_rows=-1,
        size_bytes=0,
        columns=()
        if table.kind == "m"
        else tuple(column(found, number) for number, found in enumerate(table.columns, start=1)),
        indexes=tuple(replace(index, columns=()) if table.kind == "m" else index for index in table.indexes),
        foreign_keys=tuple(
            key for key in table.foreign_keys if catalogue.tables_by_id[key.referenced].partition_of is None
        ),
        checks=()
        if table.kind == "m"  # of its columns' domains
        else tuple(sorted(table.checks, key=lambda check: (check.name, check.columns))),
    )


@pytest.mark.parametrize("schema", [LOOK_ALIKE, HERE / "nasty.sql"], ids=["look-alike", "nasty"])
def test_the_catalogue_from_a_dump_is_the_servers(
    schema: Path,
    load: Callable[[str], None],
    dump: Callable[..., str],
    master_login: Login,
    database: str,
) -> None:
    load(schema.read_text(encoding="utf-8"))
    from_server = without_what_no_schema_tells(read_catalogue(master_login, database))
    from_file = without_what_no_schema_tells(read_schema(dump(), "schema.sql"))
    assert [str(table) for table in from_file.tables] == [str(table) for table in from_server.tables]
    for ours, theirs in zip(from_file.tables, from_server.tables, strict=True):
        for part in ("columns", "indexes", "foreign_keys", "checks", "triggers"):
            assert list(map(str, getattr(ours, part))) == list(map(str, getattr(theirs, part))), f"{theirs}"
        assert ours == theirs
    assert from_file == from_server
