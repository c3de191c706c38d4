"""Chooses the masker of a column, or of all columns that hold the same values by declaration (both ends of a foreign
key): these are fitted together, so that they mask alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from masking.suggestion.candidates import candidates
from masking.suggestion.classify import ColumnId
from masking.suggestion.fitting import fits
from masking.suggestion.kinds import Kind
from masking.suggestion.places import Masker, Place
from masking.suggestion.samples import Samples


def fit(
    kind: Kind, members: Sequence[Place], samples: Samples, refused: Collection[tuple[ColumnId, str]] = ()
) -> Iterator[Masker]:
    """The maskers that every one of ``members`` can bear, best first; none of those that a plan refused."""
    if not members:
        return
    offered = [list(candidates(kind, member)) for member in members]
    for masker in offered[0]:
        if (
            (masker.name != "numbered" or len(members) == 1)
            and all(masker.name in {other.name for other in others} for others in offered[1:])
            and all(fits(masker, member, samples) for member in members)
            and not any((member.id, masker.name) in refused for member in members)
        ):
            yield masker
