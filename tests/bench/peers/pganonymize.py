"""Rheinwerk's pganonymize: rows to Python and back by COPY, then an UPDATE that joins them."""

from __future__ import annotations

from tests.bench.peers.course import Course, Peer

# md5 and formats of the row's key run in parallel and never meet; its faker.unique providers do neither.
_SCHEMA = """\
tables:
  - people:
      primary_key: id
      chunk_size: 100000
      fields:
        - email:
            provider: {name: md5}
            append: "@example.com"
        - ssn:
            provider: {name: set, value: "9"}
            format: "{pga_value}{id:08d}"
        - phone:
            provider: {name: faker.numerify, kwargs: {text: "###-555-01##"}}
        - first_name:
            provider: {name: faker.first_name}
        - last_name:
            provider: {name: faker.last_name}
        - street:
            provider: {name: faker.street_address}
"""


def _mask(course: Course) -> float:
    schema = course.write("schema.yml", _SCHEMA)
    login = course.server.peer_login
    return course.run(
        "pganonymize", f"--schema={schema}", f"--dbname={course.database}", f"--host={login.host}",
        f"--port={login.port}", f"--user={login.username}", "--parallel",
        f"--password={course.password}",  # it takes one in no other way
    )  # fmt: skip


PGANONYMIZE = Peer(
    name="pganonymize", requirement="pganonymize==0.13.0", counted="its whole run, in place", mask=_mask
)
