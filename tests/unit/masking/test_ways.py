"""A table is written anew where nothing keeps it from that, and updated in place otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from masking.catalogue import Catalogue, Column, Index, Table, TableName
from masking.planning.plan import make_plan
from masking.planning.ways import COPY_FROM_BYTES, Way, Ways
from masking.policy.reading import parse_policy

BIG = COPY_FROM_BYTES
NAME = Column(name="name", type="text", base_type="text")
APART = Index(name="apart", exclusion=True, columns=("name",), key_columns=("name",), keys=("name",))
POLICY = "tables: {t: {columns: {name: full_name}}, other: {columns: {name: full_name}}}"


def table(name: str = "t", **facts: Any) -> Table:
    return Table(**{"schema": "public", "name": name, "columns": (NAME,), "size_bytes": BIG, **facts})


def way(*tables: Table, policy: str = POLICY, script: str = "") -> Way:
    """Of the first stage in which ``t`` has a pass."""
    catalogue = Catalogue(database="d", tables=tables)
    plan = make_plan(catalogue, parse_policy(policy, {"1.sql": script}))
    for number, stage in enumerate(plan.stages):
        for passes in stage.passes:
            if passes[0].table.name == tables[0].name:
                return Ways(catalogue, plan.stages).of(number, passes)
    raise AssertionError("it has no pass")


def test_a_plain_table_is_written_anew() -> None:
    assert way(table(), table("other")) == Way(name="copy")


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ((table(size_bytes=BIG - 1), table("other")), "smaller than"),
        (
            (table(), table("other", inherits=(TableName(schema="public", name="t"),))),
            "inherited from",
        ),
        ((table(row_security_forced=True), table("other")), "row security"),
        ((table(indexes=(APART,)), table("other")), "exclusion constraint apart has to hold of the masks"),
    ],
)
def test_what_defeats_a_copy_is_said(tables: tuple[Table, ...], reason: str) -> None:
    found = way(*tables)
    assert found.name == "update"
    assert reason in found.reason


def test_a_partition_is_updated_in_place() -> None:
    root = table("t", kind="p", size_bytes=0)
    leaf = table("t_1", partition_of=root.id)
    found = way(leaf, root, table("other"))
    assert (found.name, found.reason) == ("update", "it is partitioned")


def test_a_table_that_a_statement_uses_afterwards_keeps_its_keys_until_then() -> None:
    script = "UPDATE t SET name = 'x';\nINSERT INTO other SELECT name FROM t ON CONFLICT DO NOTHING;"
    policy = "tables: {t: {columns: {name: {script: {domain: n}}}}, other: {columns: {name: full_name}}}"
    found = way(table(), table("other"), policy=policy, script=script)
    assert (found.name, found.reason) == ("update", "masking/1.sql:2:1 runs on it afterwards")


def test_an_array_whose_elements_have_a_length_is_updated_since_a_cast_would_cut_them() -> None:
    codes = Column(name="name", type="character varying(4)[]", base_type="_varchar", max_length=4)
    found = way(
        table(columns=(codes,)),
        table("other"),
        policy=POLICY.replace("t: {columns: {name: full_name", "t: {columns: {name: pseudonym"),
    )
    assert found.name == "update"
