"""Who a person is: names, birth, numbers given by states, banks and other systems."""

from __future__ import annotations

from typing import Final

from masking.suggestion.kinds import ABOUT_VALUE, HUMAN, Kind, Named, Signal, words
from masking.suggestion.people import PERSON

ROLES: Final = (
    PERSON
    - words(
        "member tenant character director agent holder admin lead friend player editor handler translator operator"
    )
) | words("member holder agent admin lead friend player kin attn attention salesperson")

_MAKERS: Final = words("artist actor author composer director musician singer presenter owner")
#: ``order by`` and the like say how, not who.
NOT_DONE: Final = words(
    "order sort group grouped sorted ordered caused powered locked filter filtered step divide paid"
)
#: What a person's number is of, in the books of whoever gave it.
_RECORDS: Final = tuple(
    (word,) for word in ("medical", "hospital", "unique", "external", "membership", "policy", "insurance")
)
NETWORKS: Final = words(
    "facebook twitter linkedin skype telegram instagram icq jabber xmpp aim msn snapchat discord mastodon github "
    "gitlab google yahoo youtube tiktok wechat weixin line viber signal slack xing vk bitbucket orcid pinterest tumblr "
    "reddit flickr matrix keybase bluesky steam twitch whatsapp"
)

PROVIDERS: Final = NETWORKS | words(
    "apple external remote oauth oauth2 openid saml ldap azure okta auth auth0 stripe braintree paypal shopify "
    "salesforce hubspot mailchimp intercom zendesk provider sso adyen square gocardless klarna sendgrid twilio "
    "firebase onesignal amazon cognito keycloak microsoft crm erp sap foreign third mollie plaid wordpress legacy"
)


def birth(c: Named) -> Signal | None:
    if "place" in c.words and "birth" in c.words and c.family == "text":
        return Signal(kind="city", weight=0.85, reason="a place of birth")
    if "birth" in c.words and c.family in ("date", "text", "integer", "number"):
        if c.family == "text" and any(
            word in ("name", "country", "sex", "gender", "weight") for word in c.words
        ):
            kind: Kind = "last_name" if "name" in c.words else "city"
            return Signal(kind=kind, weight=0.8, reason="about a birth")
        if c.family in ("integer", "number") and c.head in ("id", "weight", "order", "length", "count"):
            return None
        return Signal(kind="date_of_birth", weight=0.97, reason="named like a date of birth")
    if c.any(words("death deceased died")) and c.family == "date":
        return Signal(kind="date_of_birth", weight=0.8, reason="a date of death")
    return None


def national_id(c: Named) -> Signal | None:
    if c.family not in ("text", "integer", "number"):
        return None
    if c.head in ABOUT_VALUE or c.head == "country":
        return None
    if (
        c.has("national", "id")
        or c.has("medical", "id")
        or c.has("social", "security")
        or c.any(words("passport"))
    ):
        return Signal(kind="national_id", weight=0.95, reason="named like a personal identification number")
    if c.has("license", "plate") or c.has("driver", "license") or c.has("driving", "license"):
        return Signal(kind="national_id", weight=0.9, reason="named like a licence")
    if (c.has("tax", "id") or c.has("tax", "number") or c.has("vat", "number")) and c.family == "text":
        weight = 0.85 if c.about.person >= 0.5 else 0.5
        return Signal(kind="national_id", weight=weight, reason="a tax number")
    given = PERSON | words(
        "membership insurance policy matriculation enrollment roll badge loyalty licence license"
    )
    numbered = c.head in ("number", "code") and c.family == "text" and not c.is_key
    if numbered and c.any(given) and "order" not in c.words:
        return Signal(kind="external_id", weight=0.7, reason="a number given to a person")
    return None


def money(c: Named) -> Signal | None:
    if c.family not in ("text", "integer", "number") or c.head in ABOUT_VALUE:
        return None
    if c.any(words("exp expiry expiration month year")):
        return None
    if c.has("card", "number") or "cvv" in c.words:
        return Signal(kind="card_number", weight=0.95, reason="named like a card number")
    if "iban" in c.words:
        return Signal(kind="account_number", weight=0.95, reason="named like an IBAN")
    if c.words in (("payment", "account"), ("bank", "account"), ("payout", "account"), ("debit", "account")):
        return Signal(
            kind="account_number", weight=0.75, reason="where a person's money goes to or comes from"
        )
    account = c.has("account", "number") or c.has("routing", "number") or c.has("sort", "code")
    if account and (c.family == "text" or not c.is_key):
        return Signal(kind="account_number", weight=0.85, reason="named like an account number")
    if c.any(words("bic swift")) and c.family == "text":
        return Signal(kind="account_number", weight=0.5, reason="a bank's code")
    if "card" in c.words and c.family == "text" and c.any(words("last digit mask masked suffix four")):
        return Signal(kind="card_number", weight=0.75, reason="digits of a card number")
    return None


def external_id(c: Named) -> Signal | None:
    if c.family not in ("text", "integer", "number", "uuid"):
        return None
    if c.any(words("imei imsi iccid udid idfa gaid orcid gravatar vin openid")):
        return Signal(kind="external_id", weight=0.9, reason="names a person or a device elsewhere")
    people = c.about.person >= 0.5 or c.about.auth or c.any(PERSON)
    named = c.head in (
        "id",
        "uid",
        "uuid",
        "identifier",
        "ref",
        "reference",
        "sub",
        "number",
        "key",
        "subject",
        "guid",
    )
    ours = c.words == ("provider", "id") and c.family != "text"
    if named and c.any(PROVIDERS) and not c.is_key and not ours:
        if people and c.family != "number":
            return Signal(kind="external_id", weight=0.85, reason="names a person in another system")
        if c.family == "text" and c.about.near_person:
            return Signal(kind="external_id", weight=0.55, reason="names something in another system")
    if c.family == "text" and not c.is_key:
        if c.head == "uid" and (c.about.auth or c.about.person >= HUMAN):
            return Signal(kind="external_id", weight=0.85, reason="names a person at a provider")
        if c.has("device", "id") or c.has("advertising", "id") or c.has("installation", "id"):
            return Signal(kind="external_id", weight=0.8, reason="names a person's device")
        if c.head == "dn" and people:
            return Signal(kind="external_id", weight=0.8, reason="a directory's name for a person")
    if c.family == "text" and not c.is_key and c.about.person >= HUMAN:
        own = len(c.words) > 1 and (c.words[-2] in PERSON or c.words[-2] in c.about.words)
        if c.head == "id" and (own or c.words[:-1] in _RECORDS):
            return Signal(kind="external_id", weight=0.7, reason="a number given to a person")
    if c.any(NETWORKS) and c.family == "text" and c.about.person >= 0.5:
        return Signal(kind="username", weight=0.85, reason="a name in a social network")
    return None


def person_name(c: Named) -> Signal | None:
    if c.family != "text" or (c.head == "id" and c.words[-2:] != ("login", "id")):
        return None
    if c.has("user", "name") or c.words[-2:] == ("login", "id") or (c.head == "login" and len(c.words) < 4):
        return Signal(kind="username", weight=0.93, reason="named like a user name")
    if c.head in ABOUT_VALUE:
        return None
    if c.has("first", "name") or c.has("middle", "name"):
        return Signal(kind="first_name", weight=0.95, reason="named like a first name")
    if c.has("last", "name") or c.has("maiden", "name"):
        return Signal(kind="last_name", weight=0.95, reason="named like a last name")
    if c.words[-2:] == ("display", "name") and (c.about.person >= 0.5 or c.any(PERSON)):
        return Signal(kind="full_name", weight=0.9, reason="the name that a person shows")
    if c.has("full", "name"):
        return Signal(kind="full_name", weight=0.93, reason="named like a person's name")
    roles = [word for word in c.words if word in ROLES]
    told = c.about.message and any(word not in _MAKERS for word in roles)
    if roles and c.head == "name" and (told or not c.about.goods):
        return Signal(kind="full_name", weight=0.85, reason="the name of a person in a role")
    if "name" in c.words and c.any(words("kin emergency card spouse")):
        return Signal(kind="full_name", weight=0.85, reason="the name of a relative or a card's holder")
    if c.words[-2:] in (
        ("shipping", "name"),
        ("billing", "name"),
        ("delivery", "name"),
        ("bill", "name"),
    ) or (c.words in (("ship", "name"), ("ship", "to", "name"), ("bill", "to", "name"), ("invoice", "name"))):
        return Signal(kind="full_name", weight=0.85, reason="the name that an order goes to")
    if c.words[:2] == ("screen", "name") or c.words[-2:] in (("account", "name"), ("profile", "name")):
        return Signal(kind="username", weight=0.7, reason="the name of an account")
    own = tuple(word for word in c.words if word not in c.about.words)
    if c.words == ("name",) or (own == ("name",) and c.head == "name"):
        if c.about.person >= 0.5:
            weight = 0.55 if c.about.artists else 0.85
            return Signal(kind="full_name", weight=weight, reason="the name in a table of people")
        if c.about.by_itself and not (c.about.organisation or c.about.goods or c.about.place):
            return Signal(
                kind="full_name", weight=0.65, reason="the name beside an e-mail address, phone or IBAN"
            )
        return None
    if c.is_key:
        return None
    if len(c.words) > 1 and c.head == "by" and c.words[-2] not in NOT_DONE:
        return Signal(kind="username", weight=0.75, reason="says who did it")
    if c.words in (("whodunnit",), ("updater",), ("modifier",)):
        return Signal(kind="username", weight=0.75, reason="says who did it")
    if c.has("user", "agent"):
        return None
    if c.words in (("customer",), ("admin",)) and not c.about.near_person:
        return None  # a programme as often as a person
    if c.head in ROLES and not (c.about.goods or c.about.job) and len(c.words) < 4:
        return Signal(kind="full_name", weight=0.72, reason="a person in a role")
    if c.head == "user" and not c.about.goods:
        return Signal(kind="username", weight=0.75, reason="names a user")
    if "initial" in c.words and c.about.person >= HUMAN:
        return Signal(kind="first_name", weight=0.6, reason="a person's initials")
    if c.about.person >= HUMAN:
        if c.any(words("slug permalink")):
            return Signal(kind="username", weight=0.7, reason="made of a person's name")
        if c.any(words("website homepage url link blog")) and not c.any(words("picture image logo")):
            return Signal(kind="link", weight=0.7, reason="a person's page")
    return None
