"""A catalogue from what ``pg_dump -s`` wrote, for a policy that is checked where no database can be reached.

PostgreSQL's own parser reads the file. Expressions are taken from it letter by letter, since pg_dump writes them as
``pg_get_expr`` shows them, which is what a catalogue holds. A statement that isn't understood is an error with its
line: one that was passed over could be the column that nobody masks.

What such a file can't tell: how many rows and large objects there are, statistics, what extensions made (their tables,
functions and versions), and the columns of materialized views. PostgreSQL also keeps a copy of a foreign key for each
partition that it refers to; the file has the key alone, and so has the catalogue from it.
"""

from __future__ import annotations

from masking.schema_file.forgiving import read_any_schema
from masking.schema_file.reader import read_schema

__all__ = ["read_any_schema", "read_schema"]
