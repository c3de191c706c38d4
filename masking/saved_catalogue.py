"""A catalogue as a file, so that a policy can be checked where no database can be reached.

It holds what ``pg_dump -s`` shows, and how many rows and bytes each table is estimated to have. What ``pg_stats`` says
of a column is left out: most of it quotes values, and even the share of NULLs tells something of the rows, and
no plan needs it. The format is versioned; a file of another version, or with a field that isn't known, is refused.
"""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import ConfigurationError
from masking.catalogue import Catalogue

VERSION: Final = 1
#: Fields of a column that come from ``pg_stats``.
STATISTICS = frozenset({"null_fraction", "n_distinct"})
_PROBLEMS_SHOWN = 5


class _Saved(BaseModel):
    # The dataclasses inside have no configuration of their own, so this one holds for them too.
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["dev-db-refresh catalogue"]
    version: Literal[1]
    catalogue: Catalogue


def catalogue_to_json(catalogue: Catalogue) -> str:
    """The text of a file that :func:`catalogue_from_json` reads; the same catalogue gives the same text."""
    saved = _Saved(format="dev-db-refresh catalogue", version=VERSION, catalogue=catalogue)
    # Whether a table has heirs follows from theirs.
    left_out: dict[str, Any] = {"has_heirs": True, "columns": {"__all__": set(STATISTICS)}}
    document = saved.model_dump(
        mode="json", exclude={"catalogue": {"tables": {"__all__": left_out}}}, exclude_defaults=True
    )
    document["catalogue"]["unvouched_functions"] = sorted(map(list, catalogue.unvouched_functions))
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def catalogue_from_json(text: str, file: str) -> Catalogue:
    """The catalogue in the text of a file, called ``file`` in errors.

    Raises:
        ConfigurationError: it is no such file, or one of another version.
    """
    try:
        saved = _Saved.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        shown = [
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
            for problem in problems[:_PROBLEMS_SHOWN]
        ]
        more = f" and {len(problems) - len(shown)} more" if len(problems) > len(shown) else ""
        raise ConfigurationError(
            f"it isn't a saved catalogue of version {VERSION}: {'; '.join(shown)}{more}",
            resource=file,
            remedy="Save it anew: python -m flows.policy check --dsn … --save-catalogue FILE",
        ) from None
    columns = (column for table in saved.catalogue.tables for column in table.columns)
    if any(getattr(column, name) is not None for column in columns for name in STATISTICS):
        raise ConfigurationError(
            "it holds statistics of rows", resource=file, remedy="Save it anew, without them."
        )
    names = [table.id for table in saved.catalogue.tables]
    if len(set(names)) < len(names):
        raise ConfigurationError("a table is in it twice", resource=file, remedy="Save it anew.")
    return saved.catalogue
