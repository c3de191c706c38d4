"""What a client's stderr says, without what could quote a row. Pure.

pg_restore prints PostgreSQL's DETAIL (``Key (email)=(…) is duplicated``) and the failed statement. So a message is kept
only where it fits one of the patterns below as a whole, in each of which every variable part is a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One error that a client reported: at which TOC entry (pg_restore), and what, in words that quote no row."""

    entry: str
    message: str

    @property
    def is_privilege(self) -> bool:
        return self.message.startswith(("permission denied", "must be ", "only superuser"))

    @property
    def is_transient(self) -> bool:
        """The server went away, or may have room or no deadlock the next time."""
        return self.message.startswith(
            ("server closed", "terminating connection", "deadlock", "connection to server")
        )

    @property
    def is_refused_login(self) -> bool:
        return self.message.startswith(("password authentication failed", "PAM authentication failed"))

    def __str__(self) -> str:
        return f"{self.entry}: {self.message}" if self.entry else self.message


_ENTRY = re.compile(r"^pg_restore: (?:error: )?(?:from|in) TOC entry \d+; \d+ \d+ (.+)$")
# Only lines that a client itself begins; the lines of a DETAIL or of a statement are the data's.
_ERROR = re.compile(
    r"^(?:pg_dump: error:|pg_restore: error:|psql: error:|psql:\S+:\d+: ERROR:|ERROR:|FATAL:)\s"
)
_SEVERITY = re.compile(r"(?:error|ERROR|FATAL):\s+")
# Primary messages of which every variable part is a name. https://www.postgresql.org/docs/current/error-style-guide.html
_NAME = r'(?:"[^"\n]{1,260}"|[\w.]{1,130})'
_KIND = (
    "(?:relation|type|function|schema|role|database|extension|column|constraint|trigger|collation|tablespace|server"
    "|publication|event trigger|foreign-data wrapper|operator class|language|policy)"
)
_SAFE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"permission denied (?:for|to) [a-z -]+(?: {_NAME})?",
        rf"must be (?:superuser|owner of|able to|member of|a member of)(?: [A-Za-z]+)*(?: {_NAME})?",
        r"only superusers? can [a-z ]+",
        rf"{_KIND} {_NAME}(?: of relation {_NAME})? (?:does not exist|already exists)",
        rf"extension {_NAME} is not available",
        r'could not open extension control file "[^"\n]+"',
        rf"could not create unique index {_NAME}",
        rf"(?:insert or update|update or delete) on table {_NAME} violates foreign key constraint {_NAME}",
        rf"check constraint {_NAME} of relation {_NAME} is violated by some row",
        rf"column {_NAME} of relation {_NAME} contains null values",
        rf"(?:new row for )?relation {_NAME} violates (?:check|unique|exclusion) constraint {_NAME}",
        rf"could not create exclusion constraint {_NAME}",
        rf"duplicate key value violates unique constraint {_NAME}",
        rf"unrecognized configuration parameter {_NAME}",
        rf"query would be affected by row-level security policy for table {_NAME}",
        rf"materialized view {_NAME} has not been populated",
        r"server version: [\w. ()-]+; pg_dump version: [\w. ()-]+",
        r"aborting because of server version mismatch",
        r"unsupported version \([\d.]+\) in file header",
        r"this build does not support compression with \w+",
        r"directory \"[^\"\n]+\" is not empty",
        r"could not open (?:input |output )?(?:file|directory) \"[^\"\n]+\": [\w ]+",
        r"canceling statement due to (?:lock timeout|statement timeout|user request)",
        r"terminating connection due to [\w -]+",
        r"deadlock detected",
        r"input file does not appear to be a valid archive(?: \(too short\?\))?",
        r"input file is too short \(read \d+, expected \d+\)",
        r"input file appears to be a text format dump\. Please use psql\.",
        r"did not find magic string in file header",
        r"directory \"[^\"\n]+\" does not appear to be a valid archive \(\"toc\.dat\" does not exist\)",
        r"no space left on device",
        r"(?:password|PAM) authentication failed for user \"[^\"\n]+\"",
        r"server closed the connection unexpectedly",
        r"[0-9A-Z]{5}",  # psql with VERBOSITY sqlstate
    )
)
_WITHHELD = "an error whose text is withheld, because it could quote a row"


def parse_complaints(stderr: str) -> tuple[Complaint, ...]:
    """The errors in a client's stderr, without anything that isn't known to be a name."""
    complaints = []
    entry = ""
    for line in stderr.splitlines():
        if match := _ENTRY.match(line):
            entry = match[1]
        elif line.startswith("pg_restore: while "):  # pg_restore enters a new stage, outside any entry
            entry = ""
        elif _ERROR.match(line):
            complaints.append(_complaint(entry, line))
    return tuple(complaints)


def _complaint(entry: str, line: str) -> Complaint:
    # The primary message stands behind the last severity: "pg_restore: error: could not execute query: ERROR:  …".
    text = _SEVERITY.split(line)[-1].strip()
    is_safe = any(pattern.fullmatch(text) for pattern in _SAFE)
    return Complaint(entry=entry, message=text if is_safe else _WITHHELD)
