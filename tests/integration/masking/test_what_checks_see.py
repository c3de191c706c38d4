"""What was left in a masked column by hand is noticed, and what isn't left there is no alarm."""

from __future__ import annotations

import pytest

from contracts.errors import VerificationFailed
from tasks.postgres.rewrite import remember, rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone


@pytest.mark.parametrize("kept", ["212 555 1007", "12 3", "kayla 1007"])
def test_digits_and_blanks_are_no_street_even_in_a_narrow_column(clone: Clone, kept: str) -> None:
    clone.execute(
        "CREATE TABLE t (id int PRIMARY KEY, street varchar(20));"
        "INSERT INTO t SELECT i, i || ' Ring Rd' FROM generate_series(1, 50) i"
    )
    catalogue, plan = clone.plan("tables: {t: {columns: {id: keep, street: street}}}")
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    verify(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute(f"UPDATE t SET street = '{kept}' WHERE id = 7")
    with pytest.raises(VerificationFailed, match=r"form: public\.t\.street: 1 rows offend"):
        verify(clone.login, clone.database, catalogue, plan, KEYS)


def test_a_raw_value_that_has_a_masks_form_in_lower_case_only_is_noticed(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (id int PRIMARY KEY, code text);"
        "INSERT INTO t SELECT i, 'İ' || left(md5(i::text), 17) FROM generate_series(1, 50) i"
    )
    catalogue, plan = clone.plan("tables: {t: {columns: {id: keep, code: pseudonym}}}")
    remember(clone.login, clone.database, catalogue, plan, KEYS)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute("UPDATE t SET code = lower('İ' || left(md5(id::text), 17)) WHERE id = 7")
    with pytest.raises(VerificationFailed):
        verify(clone.login, clone.database, catalogue, plan, KEYS)


def test_keys_that_are_no_texts_are_compared_whatever_function_makes_them(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (a text); INSERT INTO t VALUES ('Bo'), ('Mary')")
    clone.execute("CREATE UNIQUE INDEX by_bound ON t (lower(int4range(length(a), 1000)))")
    report = clone.mask("tables: {t: {columns: {a: {sql: \"a || 'x'\"}}}}")
    assert report.verification.verdict == "passed"
