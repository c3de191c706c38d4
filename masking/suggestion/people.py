"""What a table is about: people, their children's rows, places, messages, audit, goods.

The same column name is personal in one table and not in the next (``customers.name``, ``genres.name``), so the
table decides. It is known by its name, by its columns, and by what it refers to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from masking.catalogue import Catalogue, Table, TableName
from masking.suggestion.words import words_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSON: Final = _words(
    """
    user customer employee person patient doctor nurse student teacher member contact author lead subscriber
    guest
    visitor passenger driver applicant candidate participant donor volunteer resident citizen voter player
    friend
    tenant recipient sender attendee beneficiary guardian parent child spouse mother father sibling relative kin
    payee payer payor holder buyer seller trainer coach admin administrator operator manager supervisor owner
    reviewer
    assignee approver signer signatory witness referrer requester reporter caregiver client freelancer
    contractor
    consultant broker agent courier cashier salesman salesperson representative rep attorney lawyer judge inmate
    prisoner suspect victim offender officer soldier veteran pensioner alumni researcher scientist speaker
    presenter
    organizer host artist actor musician musician composer director singer athlete racer pilot captain borrower
    cardholder policyholder insured claimant respondent follower commenter moderator editor translator developer
    handler sponsor advisor mentor intern trainee apprentice landlord occupant householder traveller traveler
    rider
    debtor creditor depositor petitioner defendant plaintiff complainant landowner homeowner sitter babysitter
    receiver poster uploader commentator creator submitter registrant invitee responder investigator caller callee
    interviewer interviewee
    """
)
#: Public figures of a catalogue (a film's actors): reasonable people differ, so a name there weighs less.
_ARTISTS: Final = _words("artist actor musician composer director singer character celebrity")
_ABOUT_PERSON: Final = _words(
    """
    profile detail info information data record address contact identity registration account directory master
    personal stammdaten base book import export backup archive history copy snapshot staging stage audit version
    dato donnee daten dati dado login registry roster card sheet old bak temp
    """
)
_NOT_PERSON: Final = _words(
    """
    role type group status category permission setting preference privilege kind right membership class tag
    statistic
    stat count level policy plan badge award quota feature flag skill title relation
    """
)
MESSAGE: Final = _words(
    """
    message comment post ticket issue case note email mail chat conversation complaint feedback review reply
    discussion thread inquiry enquiry question answer survey response letter correspondence notification sms
    call incident
    visit appointment encounter consultation examination interview testimonial topic revision annotation diary
    journal request report memo statement application anamnesis prescription diagnosis treatment feedback entry
    submission suggestion tweet status toot announcement bericht inbox outbox mailbox remark
    """
)
AUDIT: Final = _words(
    "audit log history version revision event activity changelog change journal trail archive trash session "
    "request webhook delivery queue job outbox inbox trackback access"
)
GOODS: Final = _words(
    """
    product film movie track album genre category book item sku song playlist media language country
    currency tag brand model recipe ingredient plant vehicle car device software version template page
    menu theme plugin role permission setting config configuration feature flag type status lookup unit
    newsletter course lesson module subject exam quiz room building station airport airline aircraft flight
    warehouse shelf
    """
)
_VAGUE_AUDIT: Final = _words("event activity version session access request revision")
_MERCHANDISE: Final = _words("product item film movie book recipe category article")
_PLACES: Final = _words(
    "place city country region state street airport station postcode place territory zone district"
)
_ORGANISATIONS: Final = _words(
    "company supplier store shop school university hospital clinic branch office department bank brand publisher "
    "airline location venue facility warehouse institution club team association charity vendor partner dealer "
    "carrier group community organisation"
)
_AUTH: Final = _words(
    "identity authentication authorization auth oauth omniauth sso saml login token key credential session social "
    "provider device"
)
#: ``parent_id`` joins a tree's nodes more often than people.
_TREE: Final = _words("parent child sibling owner holder handler relative")
_REACHED_BY: Final = _words("email phone iban")
#: Words of a column that holds whom we write as, not whom a row is about.
_FROM_US: Final = _words("from reply sender support noreply bounce return")
_NOISE: Final = _words("tbl tb t tab table app main master sys public core the of")

WORDS: Final = (
    PERSON | _ABOUT_PERSON | _NOT_PERSON | MESSAGE | AUDIT | GOODS | _PLACES | _ORGANISATIONS | _AUTH
)


@dataclass(frozen=True, kw_only=True)
class About:
    """What a table is about; ``person`` from 0 (no) to 1 (its rows are people)."""

    person: float = 0.0
    #: Refers to people, or is named after them.
    near_person: bool = False
    #: Refers to a table that refers to people, one that isn't of goods or places.
    kin: bool = False
    message: bool = False
    audit: bool = False
    #: Called a history by a word that has other meanings too (``events``).
    vague_audit: bool = False
    #: Holds jobs that wait to be run, with whatever they are about.
    job: bool = False
    goods: bool = False
    place: bool = False
    organisation: bool = False
    auth: bool = False
    artists: bool = False
    #: Has a street, a postcode or an address among its columns.
    address: bool = False
    #: Has an e-mail address, a telephone number or an IBAN among its columns; ``by_itself``: and not somebody's else.
    reachable: bool = False
    by_itself: bool = False
    #: The words of its name.
    words: tuple[str, ...] = ()


def _by_name(words: tuple[str, ...]) -> float:
    kept = [word for word in words if word not in _NOISE]
    if not kept:
        return 0.0
    head = kept[-1]
    people = [word for word in kept if word in PERSON]
    if head in _NOT_PERSON or any(word in _NOT_PERSON for word in kept[:1] if len(kept) > 1 and not people):
        return 0.0
    if head in PERSON:
        return 0.5 if head in _ARTISTS else 0.9
    if people and head in _ABOUT_PERSON:
        return 0.85
    if head == "profile" or words[:1] == ("profile",):
        return 0.85
    # Romance languages put the head first: ``clientes_antiguos``, ``donnees_patient``.
    if kept[0] in PERSON and len(kept) == 2 and head not in (MESSAGE | AUDIT | GOODS | _PLACES | _AUTH):
        return 0.35
    return 0.0


_STRONG: Final = (
    ("first", "name"),
    ("last", "name"),
    ("full", "name"),
    ("birth",),
    ("email",),
    ("phone",),
    ("password",),
    ("national", "id"),
    ("gender",),
    ("spouse",),
)


def _contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _by_columns(columns: list[tuple[str, ...]]) -> float:
    found = {part for part in _STRONG for words in columns if _contains(words, part)}
    names = ("first", "name") in found or ("last", "name") in found
    if names and len(found) > 2:
        return 0.9
    if len(found) > 2 or (names and len(found) > 1):
        return 0.8
    if ("birth",) in found or (("email",) in found and ("password",) in found):
        return 0.75
    return 0.0


def _about(table: Table) -> About:
    words = words_of(table.name)
    columns = [words_of(column.name) for column in table.columns]
    present = frozenset(word for column in columns for word in column)
    organisation = bool(words) and words[-1] in _ORGANISATIONS
    person = max(_by_name(words), _by_columns(columns))
    return About(
        person=person,
        near_person=any(word in PERSON for word in words),
        message=any(word in MESSAGE for word in words),
        audit=any(word in AUDIT for word in words),
        vague_audit=not any(word in AUDIT - _VAGUE_AUDIT for word in words),
        job=any(word in ("job", "queue", "task", "delayed", "execution") for word in words),
        goods=bool(words) and (words[-1] in GOODS or words[0] in _MERCHANDISE) and person < 0.5,
        place=bool(words) and words[-1] in _PLACES and len(words) < 3,
        organisation=organisation and not any(word in PERSON for word in words),
        auth=any(word in _AUTH for word in words),
        artists=any(word in _ARTISTS for word in words),
        address=bool(present & {"street", "postcode", "address"}),
        reachable=bool(present & _REACHED_BY),
        by_itself=any(
            _REACHED_BY & set(column) and not (PERSON | _FROM_US) & set(column) for column in columns
        ),
        words=words,
    )


def what_tables_are_about(catalogue: Catalogue) -> dict[TableName, About]:
    """Each table's ``About``; one that refers by foreign key to a table of people is near to people."""
    by_id = {table.id: _about(table) for table in catalogue.tables}
    found: dict[TableName, About] = {}
    for table in catalogue.tables:
        about = by_id[table.id]
        refers = any(
            by_id[key.referenced].person >= 0.7 for key in table.foreign_keys if key.referenced in by_id
        )
        named = any(
            len(words) > 1 and words[-1] == "id" and any(word in PERSON - _TREE for word in words[:-1])
            for words in (words_of(column.name) for column in table.columns)
        )
        parents = [by_id[name].person for name in table.inherits if name in by_id]
        found[table.id] = About(
            **{
                **about.__dict__,
                "near_person": about.near_person or about.reachable or refers or named,
                "person": max([about.person, *parents]),
            }
        )
    for table in catalogue.tables:
        above = [found[key.referenced] for key in table.foreign_keys if key.referenced in found]
        if any(one.near_person and not (one.goods or one.place) for one in above):
            found[table.id] = replace(found[table.id], kin=True)
    return found
