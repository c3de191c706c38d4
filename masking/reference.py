"""What is generated in docs/, made from the maskers' definitions so that it can't be wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from masking.masker import Masker
from masking.maskers import MASKERS
from masking.schema import schema_text

BEGIN = "<!-- made from masking/maskers.py by `make docs` -->"
END = "<!-- end of what is made -->"

_DISTINCT = {
    "always": "yes",
    "no": "no",
    "author": "as you write it",
    "letters": "yes, by added letters where the width has room",
    "slots": "yes",
}


def maskers_table() -> str:
    """A Markdown table: name, what it gives, types, parameters, and whether distinct values stay distinct."""
    lines = [
        "| masker | what it gives | types | parameters | distinct under a unique index |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_row, MASKERS.values())])


def with_table(document: str) -> str:
    """``document`` with what stands between :data:`BEGIN` and :data:`END` made anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{maskers_table()}\n\n{END}{after}"


def _row(masker: Masker) -> str:
    types = ", ".join(sorted(masker.types)) if masker.types else "any"
    parameters = ", ".join(masker.parameters.model_fields) if masker.parameters else ""
    doc = masker.doc.replace("|", "\\|")
    return f"| `{masker.name}` | {doc} | {types} | {parameters} | {_DISTINCT[masker.distinct]} |"


#: Files in docs/, with what makes each from what it was.
GENERATED: Mapping[str, Callable[[str], str]] = {
    "masking.md": with_table,
    "policy.schema.json": lambda before: schema_text(),
}
