"""Nothing is ours but what says so, and the janitor takes only what may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import NotOurs
from contracts.naming import RunKey
from contracts.ownership import (
    GRACE_WITHOUT_PREFECT,
    Ownership,
    check_ours,
    is_its_runs_own,
    janitor_may_delete,
    ownership_of_aws_tags,
    ownership_of_comment,
    ownership_of_tags,
    users_comment,
    with_ownership,
)

NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
RUN = RunKey(env="staging", flow_run_id=UUID("019abd02-5f10-7a31-9c4e-3f1b5d7e9a01"))
OURS = Ownership(env="staging", flow_run_id=RUN.flow_run_id, expires_at=NOW + timedelta(hours=12))


def test_tags_say_whose_a_resource_is() -> None:
    assert ownership_of_tags(OURS.tags()) == OURS
    assert ownership_of_aws_tags(OURS.aws_tags()) == OURS


@pytest.mark.parametrize("missing", sorted(OURS.tags()))
def test_a_resource_that_lacks_a_tag_is_not_ours(missing: str) -> None:
    tags = {key: value for key, value in OURS.tags().items() if key != missing}
    if missing == "refresh:run-key":  # it is in the tags for people; the flow run's id says the same
        assert ownership_of_tags(tags) == OURS
    else:
        assert ownership_of_tags(tags) is None


@pytest.mark.parametrize(
    "damage",
    [{"refresh:flow-run-id": "x"}, {"refresh:expires-at": "soon"}, {"refresh:expires-at": "2026-03-01"}],
)
def test_a_resource_with_a_damaged_tag_is_not_ours(damage: dict[str, str]) -> None:
    assert ownership_of_tags(OURS.tags() | damage) is None


@given(
    comment=st.none()
    | st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    )
)
def test_our_line_joins_a_databases_comment_and_leaves_it(comment: str | None) -> None:
    marked = with_ownership(comment, OURS)
    assert ownership_of_comment(marked) == OURS
    assert users_comment(marked) == "\n".join((comment or "").splitlines())
    assert with_ownership(marked, OURS) == marked


@pytest.mark.parametrize(
    "comment",
    [None, "", "Staging of the shop", "dev-db-refresh: {", "dev-db-refresh: []", "dev-db-refresh: {}"],
)
def test_a_database_without_our_whole_line_is_not_ours(comment: str | None) -> None:
    assert ownership_of_comment(comment) is None


def test_a_run_touches_only_what_it_made() -> None:
    assert check_ours(OURS, RUN, resource="cluster x") == OURS
    with pytest.raises(NotOurs, match="lacks the tags"):
        check_ours(None, RUN, resource="cluster x")
    with pytest.raises(NotOurs, match="belongs to run"):
        check_ours(OURS, RunKey(env="staging", flow_run_id=uuid4()), resource="cluster x")
    with pytest.raises(NotOurs, match="belongs to run"):
        check_ours(OURS, RunKey(env="dev", flow_run_id=RUN.flow_run_id), resource="cluster x")


class TestJanitor:
    """What may go, by whether the run lives, and by its expiry."""

    before = OURS.expires_at - timedelta(minutes=1)
    after = OURS.expires_at
    long_after = OURS.expires_at + GRACE_WITHOUT_PREFECT

    def test_takes_the_clone_of_a_dead_run_at_once(self) -> None:
        assert janitor_may_delete(OURS, now=self.before, run_is_live=False, dies_with_run=True)

    def test_leaves_what_is_kept_for_a_time_until_that_time(self) -> None:
        assert not janitor_may_delete(OURS, now=self.before, run_is_live=False)
        assert janitor_may_delete(OURS, now=self.after, run_is_live=False)

    @pytest.mark.parametrize("run_is_live", [True, None])
    @pytest.mark.parametrize("dies_with_run", [True, False])
    def test_waits_a_day_past_the_expiry_where_prefect_cannot_say_that_the_run_is_over(
        self, run_is_live: bool | None, dies_with_run: bool
    ) -> None:
        for now in (self.before, self.after, self.long_after - timedelta(seconds=1)):
            assert not janitor_may_delete(OURS, now=now, run_is_live=run_is_live, dies_with_run=dies_with_run)
        assert janitor_may_delete(
            OURS, now=self.long_after, run_is_live=run_is_live, dies_with_run=dies_with_run
        )


def test_a_naive_expiry_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Ownership(env="staging", flow_run_id=uuid4(), expires_at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_what_carries_a_runs_tags_under_another_name_is_not_that_runs() -> None:
    """Tags go along when somebody copies a snapshot by hand; the name is the copy's own."""
    assert is_its_runs_own(OURS, RUN.aws_identifier("snapshot"))
    other = RunKey(env="staging", flow_run_id=UUID(int=7))
    for copied in ("before-the-migration", "refresh-staging", other.aws_identifier("snapshot")):
        assert not is_its_runs_own(OURS, copied)
