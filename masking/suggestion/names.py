"""What a column's name says it holds, given its type and what its table is about.

Rules stand in the order in which they are tried. Each gives a kind, a weight from 0 to 1 (how sure the name alone
makes us) and the reason that the policy will show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from masking.suggestion import rules_contact, rules_content, rules_identity, rules_secret
from masking.suggestion.kinds import ABOUT_VALUE, Named, Rule, Signal, words

_RULES: Final[tuple[Rule, ...]] = (
    rules_contact.email,
    rules_contact.phone,
    rules_identity.birth,
    rules_identity.money,
    rules_identity.national_id,
    rules_secret.credential,
    rules_contact.network,
    rules_contact.address,
    rules_identity.external_id,
    rules_identity.person_name,
    rules_content.picture,
    rules_content.document,
    rules_content.free_text,
)
#: Words that the rules know, for the segmentation of run-together names.
WORDS: Final = (
    ABOUT_VALUE
    | rules_identity.ROLES
    | rules_identity.NOT_DONE
    | rules_identity.PROVIDERS
    | rules_content.TEXT_STRONG
    | rules_content.TEXT_WEAK
    | rules_content.PAYLOADS
    | rules_content.HARMLESS_DOCUMENTS
    | words(
        """
        display whodunnit updater modifier name number code place house building account card iban cvv key hash salt pin
        security question identity
        encrypted fingerprint cookie credential private ssh recovery reset confirmation activation verification
        invitation invite license mac address remote useragent agent imei imsi iccid udid idfa gaid device uid ref
        reference identifier website homepage url link blog slug permalink login initial latitude longitude location
        coordinate geo geom region district state secret token picture signature screen gravatar avatar sender
        recipient tax vat routing sort swift bic badge serial vin dn nationality title middle maiden birth death
        deceased medical national plate street city postcode email phone password last first full
        """
    )
)


def signals(column: Named) -> Iterator[Signal]:
    """Every rule's opinion, in the order of the rules."""
    if not column.words:
        return
    for rule in _RULES:
        signal = rule(column)
        if signal is not None:
            yield signal
