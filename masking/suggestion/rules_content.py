"""What people write, show or leave behind: texts, documents, images."""

from __future__ import annotations

from typing import Final

from masking.suggestion.kinds import ABOUT_VALUE, HUMAN, REVIEW_FROM, Named, Signal, words
from masking.suggestion.people import PERSON

TEXT_STRONG: Final = words(
    """
    note comment message body biography about narrative complaint feedback diagnosis symptom testimonial transcript
    allergy medication impression comorbidity indication statement observation letter finding prognosis anamnesis
    bio dictation obituary
    """
)

TEXT_WEAK: Final = words(
    """
    content text detail description subject summary reason answer response reply review instruction history memo
    explanation justification signature interest hobby quote motivation headline tagline caption excerpt conclusion
    assessment treatment recommendation request condition problem advice directions circumstances report abstract
    """
)

#: Weak words that describe a thing as often as a person.
GENERIC: Final = words(
    "content text detail description summary abstract caption excerpt headline tagline report quote"
)
PAYLOADS: Final = words(
    """
    payload raw request response body param parameter data event header session detail metadata meta property
    attribute extra custom change diff object value snapshot document content info context profile answer result
    message record field form submission output input before after variable environment claim userinfo row args arg
    argument
    """
)

#: Weak words by which somebody tells of somebody: beside a person, they are as good as strong ones.
TOLD: Final = words(
    "reason instruction answer reply explanation justification complaint recommendation treatment advice circumstances"
    " problem motivation assessment"
)

HARMLESS_DOCUMENTS: Final = words(
    "setting preference option config configuration permission scope feature flag layout theme translation style rule "
    "schema filter column widget stat dimension tag query role"
)

_PERSONAL_FIELDS: Final = words("address contact person name email phone street location profile identity")
NOT_TEXT: Final = words("id url hash file path name key ref slug code uuid guid link checksum part")
_CLINICAL: Final = words("clinical chief chronic")


def picture(c: Named) -> Signal | None:
    if c.family not in ("bytes", "text", "other"):
        return None
    if c.any(words("picture signature biometric gravatar")) and c.head not in ABOUT_VALUE - {"size"}:
        if c.about.person >= 0.5 and c.head != "size":
            return Signal(kind="image", weight=0.88, reason="an image of a person")
        if c.family == "bytes" and not c.about.goods:
            return Signal(kind="image", weight=0.6, reason="an image, perhaps of a person")
        if "signature" in c.words and c.about.near_person:
            return Signal(kind="image", weight=0.6, reason="a signature")
    if c.family == "bytes":
        if c.about.person >= 0.5 or c.about.near_person:
            return Signal(kind="image", weight=0.7, reason="bytes that belong to a person")
        if c.about.message or c.about.audit or c.any(words("attachment document scan file content data")):
            return Signal(kind="image", weight=0.5, reason="bytes that nobody can read by their name")
    return None


def document(c: Named) -> Signal | None:
    if c.family == "composite":
        # What stands in its fields isn't known here.
        people = c.about.person >= 0.5 or c.any(_PERSONAL_FIELDS)
        if people or c.about.near_person:
            return Signal(
                kind="document", weight=0.65 if people else 0.45, reason="fields of a type of its own"
            )
        return Signal(kind="document", weight=REVIEW_FROM, reason="a type of its own, of unknown content")
    if c.family != "json":
        return None
    if c.head in ("id", "slug", "date", "label", "rank", "count"):
        return Signal(kind="document", weight=0.3, reason="a list of keys or names of things")
    if c.any(HARMLESS_DOCUMENTS) and not c.about.audit:
        weight = 0.4 if c.about.person >= HUMAN else 0.2
        return Signal(kind="document", weight=weight, reason="settings, perhaps with personal values")
    if c.about.audit and not c.about.goods:
        return Signal(
            kind="document", weight=0.8, reason="a record of what happened holds what it happened to"
        )
    if c.about.person >= 0.5:
        return Signal(kind="document", weight=0.75, reason="a document about a person")
    if c.about.near_person and c.any(
        _CLINICAL | TEXT_STRONG | words("condition disclosure allergy analysis")
    ):
        return Signal(kind="document", weight=0.65, reason="a document of what is known of a person")
    if c.any(PAYLOADS) and not c.about.goods:
        weight = 0.62 if c.about.near_person or c.about.message else 0.5
        return Signal(kind="document", weight=weight, reason="a document of unknown content")
    return Signal(
        kind="document", weight=0.4 if not c.about.goods else 0.2, reason="a document of unknown content"
    )


def free_text(c: Named) -> Signal | None:
    if c.family != "text" or (c.max_length is not None and c.max_length < 20) or c.is_key:
        return None
    about = c.about
    if "diagnosis" in c.words and c.head in ("name", "text", "code") and about.near_person:
        return Signal(kind="free_text", weight=0.65, reason="what a person suffers from")
    if c.head in ABOUT_VALUE or c.head in NOT_TEXT:
        return None
    strong, weak = c.any(TEXT_STRONG | _CLINICAL), c.any(TEXT_WEAK)
    audit = about.audit and c.head != "event" and c.any(PAYLOADS | words("old new"))
    if about.job and c.any(words("handler error arg argument payload exception backtrace")):
        return Signal(kind="free_text", weight=0.7, reason="what a job is about")
    if c.head == "title" and about.message and about.near_person:
        return Signal(kind="free_text", weight=0.5, reason="the title of what a person wrote")
    if c.head == "question" and any(word in PERSON for word in about.words):
        return Signal(kind="free_text", weight=0.65, reason="what a person asks")
    if not (strong or weak or audit):
        return None
    weight = 0.45 if strong else 0.2 if weak else 0.35
    reason = "free text"
    if about.person >= HUMAN:
        weight, reason = weight + 0.42, "free text about a person"
    elif about.message:
        weight, reason = weight + 0.42, "what people write to or about each other"
    elif about.near_person:
        plain = not strong and c.any(GENERIC) and not (about.reachable or about.address)
        told = not strong and c.any(TOLD)
        weight, reason = weight + (0.12 if plain else 0.42 if told else 0.22), "free text beside a person"
    elif about.kin and strong:
        weight, reason = weight + 0.17, "free text of a row that belongs to a person's"
    elif about.audit:
        weight, reason = weight + 0.3, "a record of what happened"
    if about.goods and not about.message:
        weight -= 0.3
    return Signal(kind="free_text", weight=round(max(0.1, min(weight, 0.95)), 2), reason=reason)
