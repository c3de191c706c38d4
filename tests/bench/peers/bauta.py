"""Bauta: rows from one database through its native masker into another's table."""

from __future__ import annotations

import secrets

from tests.bench.peers.course import Course, Peer

_CONNECTIONS = """\
source: &server
  type: postgresql
  host: ${PGHOST}
  port: ${PGPORT}
  user: ${PGUSER}
  password: ${PGPASSWORD}
  database: ${PGDATABASE}
target:
  <<: *server
  database: ${TARGET_DATABASE}
"""
# Its own advice for a unique e-mail column is a length of 24 and more; `key` is its one-to-one strategy.
_JOBS = """\
workers: 2
maskingThreads: auto
requireNative: true
jobs:
  people:
    sourceConnection: source
    sourceQuery: SELECT * FROM public.people
    targetConnection: target
    targetTableFinal: public.people
    targetTableStage: public.people_stage
    insertStrategy: swap
    partitions: auto
    masking:
      key: ${MASKING_KEY}
      columns:
        id: keep
        email: {strategy: email, length: 24}
        ssn: {strategy: key, charset: digits}
        phone: digits
        first_name: fakeFirstName
        last_name: fakeLastName
        street: fakeStreetAddress
        about: keep
        notes: keep
        preferences: keep
        created_at: keep
"""


def _result(database: str) -> str:
    return f"{database}_target"


def _mask(course: Course) -> float:
    course.write("connections.yaml", _CONNECTIONS)
    course.write("jobs.yaml", _JOBS)
    target = _result(course.database)
    # An empty table of the same make, and one more to load into, as its swap wants.
    course.server.copy(course.database, target)
    with course.server.superuser(target) as connection:
        connection.execute("TRUNCATE public.people")
        connection.execute("CREATE TABLE public.people_stage (LIKE public.people INCLUDING ALL)")
    return course.run(
        "bauta", "run", "--config", str(course.directory), "--force",
        environment={"TARGET_DATABASE": target, "MASKING_KEY": secrets.token_hex(32)},
    )  # fmt: skip


BAUTA = Peer(
    name="bauta",
    requirement="bauta[postgresql,native,fpe]==0.2.7",
    counted="its whole run, from one database into another",
    mask=_mask,
    result_database=_result,
)
