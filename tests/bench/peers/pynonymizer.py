"""pynonymizer: one UPDATE with a sub-query per column into a small table of fake values."""

from __future__ import annotations

from tests.bench.peers.course import Course, Peer

# It has no type for a distinct number: the expression in brackets is its own way to say SQL.
_STRATEGY = """\
tables:
  people:
    columns:
      email: unique_email
      ssn: (to_char(900000000 + id, 'FM000-00-0000'))
      phone: {type: fake_update, fake_type: phone_number, sql_type: varchar(20)}
      first_name: first_name
      last_name: last_name
      street: street_address
"""
_SEED_ROWS = 150


def _mask(course: Course) -> float:
    strategy = course.write("strategy.yml", _STRATEGY)
    login = course.server.peer_login
    return course.run(
        "pynonymizer", "--db-type", "postgres", "--db-host", login.host, "--db-port", str(login.port),
        "--db-name", course.database, "--db-user", login.username, "--strategy", str(strategy),
        "--only-step", "ANONYMIZE_DB", "--seed-rows", str(_SEED_ROWS),
        environment={"PYNONYMIZER_DB_PASSWORD": course.password},
    )  # fmt: skip


PYNONYMIZER = Peer(
    name="pynonymizer",
    requirement="pynonymizer==2.5.0",
    counted="its anonymizing step with 150 seed rows (its default), in place",
    mask=_mask,
)
