"""Fused scripts give exactly what running them one after another gives."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masking.catalogue import Catalogue, Column, Table
from masking.fusing import Fuser
from masking.scripts import parse_script
from masking.statements import update
from tasks.postgres.masking_session import masking_session
from tests.integration.masking.conftest import Clone

COLUMNS = ("a", "b", "c", "d")
VALUES = st.sampled_from(
    [
        "'x'",
        "a",
        "b",
        "c || d",
        "upper(a)",
        "left(b, 2)",
        "concat(id, c)",
        "coalesce(d, 'none')",
        "NULL",
        "t.a || 1",
        "CASE WHEN b > 'm' THEN a ELSE b END",
    ]
)
CONDITIONS = st.sampled_from(
    ["", " WHERE id > 2", " WHERE a IS NULL", " WHERE t.b = c OR id = 1", " WHERE length(d) > 3"]
)
STATEMENTS = st.builds(
    lambda names, values, condition: (
        "UPDATE t SET "
        + ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=False))
        + condition
    ),
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True),
    st.lists(VALUES, min_size=3, max_size=3),
    CONDITIONS,
)
TABLE = Table(
    schema="public",
    name="t",
    columns=(
        Column(name="id", type="integer", base_type="int4"),
        *(Column(name=name, type="text", base_type="text") for name in COLUMNS),
    ),
)
CATALOGUE = Catalogue(database="t", tables=(TABLE,))


def test_fused_scripts_give_what_running_them_in_turn_gives(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (id int, a text, b text, c text, d text);"
        "CREATE TABLE raw AS SELECT i AS id, 'a' || i AS a, CASE WHEN i % 2 = 0 THEN 'z' || i END AS b,"
        " 'z' || i AS c, repeat('d', i) AS d FROM generate_series(1, 6) i"
    )
    with masking_session(clone.login, clone.database, doing="testing") as connection:

        def outcome(statements: list[Any]) -> list[tuple[Any, ...]]:
            connection.execute("TRUNCATE t")
            connection.execute("INSERT INTO t SELECT * FROM raw")
            for statement in statements:
                connection.execute(statement)
            return connection.execute("SELECT * FROM t ORDER BY id").fetchall()

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(script=st.lists(STATEMENTS, min_size=1, max_size=6))
        def check(script: list[str]) -> None:
            fuser = Fuser()
            for statement in parse_script(";\n".join(script), "s.sql"):
                assert statement.barrier is None
                fuser.add_statement(statement, TABLE)
            (stage,) = fuser.stages()
            fused = [update(one, TABLE) for found in stage.passes for one in found]
            assert len(fused) <= len(script)
            assert outcome(fused) == outcome(script)

        check()
