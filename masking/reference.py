"""What is generated in docs/, made from the maskers' definitions so that it can't be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from masking.maskers import MASKERS
from masking.maskers.masker import Masker
from masking.policy.anonymizer import EQUALS, NO_EQUALS, OWN, TERNARY, WRITTEN
from masking.policy.schema import schema_text

BEGIN = "<!-- made by `make docs` -->"
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


def functions_table() -> str:
    """A Markdown table: PostgreSQL Anonymizer's functions, what each is here, and how it differs or why it isn't."""
    lines = ["| functions | here | remark |", "|---|---|---|"]
    for equal in EQUALS:
        seed = "of the column itself" if equal.seeded else ""
        remark = "; ".join(filter(None, (seed, equal.differs)))
        lines.append(f"| {_code(equal.functions)} | `{equal.masker}` | {remark} |")
    written = [one.function for one in WRITTEN]
    lines.append(f"| {_code(written)} | `sql` | written out |")
    lines.append(
        f"| {_code([TERNARY])} | `when` and `otherwise` | a branch that is the column itself is `keep` |"
    )
    lines.append(f"| {_code(OWN)} | `sql` | PostgreSQL's own, under the extension's name |")
    lines += [f"| {_code(none.functions)} | – | {none.why}. {none.remedy} |" for none in NO_EQUALS]
    return "\n".join(lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _with(made: Callable[[], str]) -> Callable[[str], str]:
    """Makes a page with what stands between :data:`BEGIN` and :data:`END` made anew."""

    def page(before: str) -> str:
        start, _, rest = before.partition(BEGIN)
        _, _, end = rest.partition(END)
        return f"{start}{BEGIN}\n\n{made()}\n\n{END}{end}"

    return page


def _row(masker: Masker) -> str:
    types = ", ".join(sorted(masker.types)) if masker.types else "any"
    parameters = ", ".join(masker.parameters.model_fields) if masker.parameters else ""
    doc = masker.doc.replace("|", "\\|")
    return f"| `{masker.name}` | {doc} | {types} | {parameters} | {_DISTINCT[masker.distinct]} |"


#: Files in docs/, with what makes each from what it was.
GENERATED: Mapping[str, Callable[[str], str]] = {
    "anonymizer.md": _with(functions_table),
    "masking.md": _with(maskers_table),
    "policy.schema.json": lambda before: schema_text(),
}
