"""One masking domain, one way: values that mask alike by their domain can't be masked in two ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from masking.catalogue import TableName
from masking.policy.rules import ColumnRule, invalid


def check_domains(rules: Mapping[tuple[TableName, str], Iterable[ColumnRule]]) -> None:
    """Raise :class:`PolicyInvalid` for two columns of a masker and masking domain whose parameters make other masks.

    ``rules``: every rule of a column, those inside its documents included.
    """
    seen: dict[tuple[str, str], tuple[str, ColumnRule]] = {}
    for (table, column), found in rules.items():
        for rule in found:
            if not rule.domain or not rule.parameters.ways():
                continue
            what, first = seen.setdefault((rule.masker.name, rule.domain), (f"{table}.{column}", rule))
            if rule.parameters.ways() != first.parameters.ways():
                raise invalid(
                    rule.position,
                    f"columns {what} and {table}.{column} are of one masking domain, {rule.domain}, and masker "
                    f"{rule.masker.name} is given other parameters at {first.position}, so equal values would get "
                    "unequal masks",
                    "Give both the same parameters, or one of them a domain of its own.",
                )
