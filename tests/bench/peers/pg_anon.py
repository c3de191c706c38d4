"""TantorLabs' pg_anon: a masked dump by ``COPY (SELECT …)`` with SQL expressions, then a restore of it."""

from __future__ import annotations

import os

from tests.bench.peers.course import Course, Peer

# Names from lists by random_in, as its demo has them; e-mail and SSN by expressions that are distinct.
_DICTIONARY = """\
{
    "dictionary": [
        {
            "schema": "public",
            "table": "people",
            "fields": {
                "email": "anon_funcs.digest(lower(\\"email\\"), 'a salt of the bench', 'sha256') || '@example.com'",
                "ssn": "to_char(900000000 + \\"id\\", 'FM000-00-0000')",
                "phone": "anon_funcs.random_phone('+1')",
                "first_name": "anon_funcs.random_in(array['Nora', 'Paul', 'Rita', 'Simon', 'Vera'])",
                "last_name": "anon_funcs.random_in(array['Fisher', 'Adler', 'Lang', 'Falk', 'Roth'])",
                "street": "anon_funcs.random_int_between(1, 2000) || ' Main Street'"
            }
        }
    ]
}
"""


def _result(database: str) -> str:
    return f"{database}_restored"


def _mask(course: Course) -> float:
    course.write("pgpass", f"*:*:*:*:{course.password}\n")
    login, tools = course.server.peer_login, course.server.server.binaries

    def arguments(database: str) -> list[str]:
        return [
            f"--db-host={login.host}", f"--db-port={login.port}", f"--db-user={login.username}",
            f"--db-name={database}", f"--db-passfile={course.directory / 'pgpass'}",
        ]  # fmt: skip

    dictionary = course.write("dictionary.py", _DICTIONARY)
    output = course.directory / "dump"
    connections = str(max(os.cpu_count() or 1, 4))
    course.run("pg_anon", "init", *arguments(course.database))
    seconds = course.run(
        "pg_anon", "dump", *arguments(course.database), f"--prepared-sens-dict-file={dictionary}",
        f"--output-dir={output}", "--clear-output-dir", f"--db-connections={connections}",
        f"--pg-dump={tools.tool('pg_dump')}",
    )  # fmt: skip
    # Not counted: only so that there is a table to look at.
    course.server.drop(_result(course.database))
    course.server.create(_result(course.database))
    course.run(
        "pg_anon", "restore", *arguments(_result(course.database)), f"--input-dir={output}",
        f"--db-connections={connections}", f"--pg-restore={tools.tool('pg_restore')}",
    )  # fmt: skip
    return seconds


PG_ANON = Peer(
    name="pg-anon",
    requirement="pg-anon==1.12.0",
    counted="its masked dump alone, without the restore that a masked database needs",
    mask=_mask,
    result_database=_result,
)
