"""What a client complains of reaches people; what it quotes doesn't."""

from __future__ import annotations

import pytest

from tasks.client_messages import parse_complaints

SSN = "000-11-2222"

# As PostgreSQL 17's pg_restore --verbose printed it.
DUPLICATE = f"""\
pg_restore: creating INDEX "public.people_ssn"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 2506; 1259 16396 INDEX people_ssn shop_owner
pg_restore: error: could not execute query: ERROR:  could not create unique index "people_ssn"
DETAIL:  Key (ssn)=({SSN}) is duplicated.
Command was: CREATE UNIQUE INDEX people_ssn ON public.people USING btree (ssn);

pg_restore: warning: errors ignored on restore: 1
"""


def test_an_error_is_told_with_its_entry_and_without_its_detail() -> None:
    (complaint,) = parse_complaints(DUPLICATE)
    assert str(complaint) == 'INDEX people_ssn shop_owner: could not create unique index "people_ssn"'


@pytest.mark.parametrize(
    "text",
    [
        f'invalid input syntax for type integer: "{SSN}"',
        f"Key (ssn)=({SSN}) is duplicated.",
        f'value "{SSN}" is out of range for type integer',
        f'relation "people" does not exist: {SSN}',
        f'date/time field value out of range: "{SSN}"',
        f"{SSN}",
        f'new row for relation "people" violates check constraint "c": {SSN}',
    ],
)
@pytest.mark.parametrize(
    "client", ["pg_restore: error: could not execute query: ERROR:  ", "psql:<stdin>:3: ERROR:  "]
)
def test_a_text_that_could_quote_a_row_is_withheld(client: str, text: str) -> None:
    (complaint,) = parse_complaints(f"{client}{text}\n")
    assert SSN not in str(complaint)
    assert "withheld" in complaint.message


def test_lines_of_data_that_look_like_errors_are_no_complaints() -> None:
    assert (
        parse_complaints(f"DETAIL:  Failing row contains (error: permission denied for table {SSN}).\n") == ()
    )


@pytest.mark.parametrize(
    "text",
    [
        "permission denied for table closed",
        'permission denied to create event trigger "watch_ddl"',
        "must be superuser to create FOR ALL TABLES publication",
        "must be owner of extension citext",
        'permission denied to set role "owner"',
    ],
)
def test_a_lacking_privilege_is_known_as_such(text: str) -> None:
    (complaint,) = parse_complaints(f"pg_restore: error: could not execute query: ERROR:  {text}\n")
    assert (complaint.message, complaint.is_privilege) == (text, True)


@pytest.mark.parametrize(
    "text",
    [
        "42501",
        'extension "postgis" is not available',
        'publication "everything" does not exist',
        'insert or update on table "a" violates foreign key constraint "a_b_fkey"',
        'unrecognized configuration parameter "transaction_timeout"',
    ],
)
def test_messages_made_of_names_are_shown(text: str) -> None:
    (complaint,) = parse_complaints(f"pg_restore: error: could not execute query: ERROR:  {text}\n")
    assert complaint.message == text
    assert not complaint.is_privilege


def test_an_error_before_the_first_entry_has_none() -> None:
    stderr = (
        DUPLICATE
        + "pg_restore: while FINALIZING TOC:\npg_restore: error: server closed the connection unexpectedly\n"
    )
    complaint = parse_complaints(stderr)[-1]
    assert (complaint.entry, complaint.is_transient) == ("", True)
