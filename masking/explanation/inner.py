"""What happens inside a column's values: at the paths of its documents, to the attributes of its composites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from masking.maskers.masker import Use
from masking.maskers.parameters import JsonValue, Keep, UnlistedConstant, UnlistedKeep


@dataclass(frozen=True, kw_only=True)
class InnerExplanation:
    """``where`` is a path or an attribute; ``elsewhere`` behind a path stands for all that no rule names."""

    where: str
    masker: str
    domain: str = ""
    reason: str = ""


def inner_explanations(use: Use) -> Iterator[InnerExplanation]:
    """Every place inside with its masker, the outer before the inner; at last what no path names."""
    for one in use.inner:
        yield InnerExplanation(
            where=one.where,
            masker=one.masker.name,
            domain=one.domain,
            reason=one.parameters.reason if isinstance(one.parameters, Keep) else "",
        )
        yield from inner_explanations(one)
    if isinstance(use.parameters, JsonValue) and use.parameters.paths:
        where = f"{use.where} elsewhere".strip()
        match use.parameters.default:
            case UnlistedKeep(keep=reason):
                yield InnerExplanation(where=where, masker="keep", reason=reason)
            case UnlistedConstant():
                yield InnerExplanation(where=where, masker="constant")
            case _:
                yield InnerExplanation(where=where, masker="drop")
