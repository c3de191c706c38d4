"""Only what differs between the grants that are and those that should be becomes a statement."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from tasks.postgres.grants import Grant, grant_statements, grants_from_rows, handed_over, merged

ON = sql.SQL("TABLE t")
grants = st.frozensets(
    st.builds(
        Grant,
        grantee=st.sampled_from([None, "a", "b", "c"]),
        privilege=st.sampled_from(["SELECT", "INSERT"]),
        grantable=st.booleans(),
    )
).map(merged)


def texts(wanted: set[Grant] | frozenset[Grant], found: set[Grant] | frozenset[Grant]) -> list[str]:
    statements = grant_statements(ON, wanted=frozenset(wanted), found=frozenset(found))
    return sorted(statement.as_string() for statement in statements)


def test_grants_are_given_taken_away_and_made_grantable_or_not() -> None:
    select, insert = Grant(grantee="a", privilege="SELECT"), Grant(grantee="a", privilege="INSERT")
    passed_on = Grant(grantee="a", privilege="SELECT", grantable=True)
    public = Grant(grantee=None, privilege="SELECT")
    assert texts({select, insert}, set()) == ['GRANT INSERT, SELECT ON TABLE t TO "a"']
    assert texts({insert}, {select, public}) == [
        'GRANT INSERT ON TABLE t TO "a"',
        'REVOKE SELECT ON TABLE t FROM "a"',
        "REVOKE SELECT ON TABLE t FROM PUBLIC",
    ]
    assert texts({passed_on}, {select}) == ['GRANT SELECT ON TABLE t TO "a" WITH GRANT OPTION']
    assert texts({select}, {passed_on}) == ['REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM "a"']


def test_a_columns_grants_name_the_column() -> None:
    (statement,) = grant_statements(
        ON,
        wanted=frozenset({Grant(grantee='x"y', privilege="SELECT")}),
        found=frozenset(),
        column="Odd Column",
    )
    assert statement.as_string() == 'GRANT SELECT ("Odd Column") ON TABLE t TO "x""y"'


@given(grants, grants)
@settings(max_examples=25)
def test_no_grant_is_in_two_statements_and_none_where_nothing_differs(
    wanted: frozenset[Grant], found: frozenset[Grant]
) -> None:
    assert len(set(texts(wanted, found))) == len(texts(wanted, found))
    assert texts(found, found) == []


def test_a_privilege_that_is_not_known_here_never_becomes_sql() -> None:
    with pytest.raises(ValueError, match="isn't known"):
        texts({Grant(grantee="a", privilege="SELECT; DROP TABLE t")}, set())


def test_two_grantors_grants_of_one_privilege_are_one() -> None:
    row = {"grantee": "a", "privilege": "SELECT", "grantable": False}
    nothing = {"grantee": None, "privilege": None, "grantable": None}
    assert grants_from_rows([row, {**row, "grantable": True}, nothing]) == {
        Grant(grantee="a", privilege="SELECT", grantable=True)
    }


@given(grants)
@settings(max_examples=25)
def test_nobody_else_gains_or_loses_when_an_object_is_handed_over(found: frozenset[Grant]) -> None:
    assert handed_over(found, before="a", after="a") == found
    after = handed_over(found, before="a", after="b")
    assert {grant for grant in after if grant.grantee in (None, "c")} == {
        grant for grant in found if grant.grantee in (None, "c")
    }
    assert {g.privilege for g in after if g.grantee == "b"} == {
        g.privilege for g in found if g.grantee in ("a", "b")
    }
    assert {g.privilege for g in after if g.grantee == "a"} == {
        g.privilege for g in found if g.grantee == "a"
    }
    assert not any(
        grant.grantee == "a" for grant in handed_over(found, before="a", after="b", keep_before=False)
    )
