"""The maskers. The reference page in docs/ is generated from these definitions."""

from __future__ import annotations

from masking.maskers.documents import DOCUMENTS
from masking.maskers.general import GENERAL
from masking.maskers.identifiers import IDENTIFIERS
from masking.maskers.masker import Masker
from masking.maskers.names import NAMES
from masking.maskers.numbers import NUMBERED
from masking.maskers.quantities import QUANTITIES
from masking.maskers.together import TOGETHER

MASKERS: dict[str, Masker] = {
    masker.name: masker
    for masker in (*GENERAL, *IDENTIFIERS, *NUMBERED, *NAMES, *QUANTITIES, *DOCUMENTS, *TOGETHER)
}
#: Other words for the same masker.
ALIASES = {"address": "street"}
