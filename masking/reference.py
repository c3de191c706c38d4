"""The table of maskers in docs/masking.md, made from their definitions so that it can't be wrong."""

from __future__ import annotations

from masking.masker import Masker
from masking.maskers import MASKERS

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
