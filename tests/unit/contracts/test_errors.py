"""An error says what happened, to which resource, and what to do next; and survives a process border."""

from __future__ import annotations

import pickle

import pytest

from contracts.errors import (
    AwsError,
    CleanupIncomplete,
    DatabaseError,
    PreconditionFailed,
    RefreshError,
    Unclassified,
)

ERRORS: list[RefreshError] = [
    PreconditionFailed("there is no such cluster", resource="target cluster x", remedy="Check its name."),
    AwsError("AWS refused", resource="bucket b", remedy="Check its name.", code="NoSuchBucket"),
    DatabaseError(
        "PostgreSQL refused", resource="database d", remedy="See.", sqlstate="23505", constraint="users_pkey"
    ),
    Unclassified(database="shop", columns=("public.users.ssn",), policy_lines="tables:\n  public.users: …"),
    CleanupIncomplete(leftovers=("cluster c",), remedy="aws rds delete-db-cluster …"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_after_pickling(error: RefreshError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_message_names_the_resource_first_and_the_remedy_last(error: RefreshError) -> None:
    assert str(error).startswith(error.resource + ": ")
    assert str(error).endswith(error.remedy)


def test_the_policy_lines_to_add_are_in_the_message() -> None:
    error = Unclassified(
        database="shop", columns=("public.users.ssn",), policy_lines="tables:\n  public.users: …"
    )
    assert "tables:\n  public.users: …" in str(error)
