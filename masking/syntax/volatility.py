"""Which functions give something else at each call, so that a value made by one can't be made a second time.

Only PostgreSQL's own and the extensions' that :func:`masking.planning.copies.check_calls` lets through need be known.
Rather too many names than too few: a value taken for volatile costs another pass, never a wrong result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from masking.syntax.expressions import Call

#: Each call is independent of all others: in which order rows and statements make them can't be told.
_INDEPENDENT = re.compile(
    r"random|random_normal|gen_random_\w+|gen_salt|uuid_generate_\w+|uuidv[47]|clock_timestamp|timeofday"
    r"|array_(sample|shuffle)|pgp_\w+"
)
#: Calls that see what earlier ones did, or act on something outside the row.
_ORDERED = re.compile(
    r"nextval|currval|lastval|setval|setseed|set_config|lo_\w+|loread|lowrite|ts_(stat|rewrite)|txid_\w+|currtid2|current_query"
    r"|pg_(?!typeof$|column_size$|get_|encoding_|client_encoding$|size_)\w+|pg_get_(wal|backend|shmem|wait|multixact)\w*"
    r"|(query|cursor|table|schema|database)_to_xml\w*|binary_upgrade_\w+|brin_\w+|gin_\w+|\w*handler|\w*validat(e|or)"
    r"|bernoulli|system"
)


def is_volatile(calls: Iterable[Call]) -> bool:
    """Whether one of the functions may give another result when it is called again."""
    return any(_INDEPENDENT.fullmatch(call.name) for call in calls) or is_ordered(calls)


def is_ordered(calls: Iterable[Call]) -> bool:
    """Whether the results depend on the order of calls, as a sequence's do."""
    return any(_ORDERED.fullmatch(call.name) for call in calls)
