"""The word lists of the name and place maskers, from Faker's data: names that are common in the United States, and
streets, towns and companies put together of such words.

An upgrade of Faker changes the lists, and so which name a value gets.
"""

from __future__ import annotations

from collections.abc import Iterable

#: What a list's words may have, so that a column of 24 characters holds one with a house number.
LONGEST = 18
_LONGEST_NOUN = 10


def word_lists() -> dict[str, tuple[str, ...]]:
    """Every list by the name of its SQL function."""
    # Importing them takes a second, and only who prepares a clone needs them.
    from faker.providers.address.en_US import Provider as Address
    from faker.providers.company import Provider as Company
    from faker.providers.person.en_US import Provider as Person

    last_names = _words(Person.last_names)
    return {
        "first_names": _words(Person.first_names),
        "last_names": last_names,
        "streets": _words(
            f"{name} {Address.street_suffixes[place % len(Address.street_suffixes)]}"
            for place, name in enumerate(last_names)
        ),
        "cities": _words(
            f"{name}{Address.city_suffixes[place % len(Address.city_suffixes)]}"
            for place, name in enumerate(last_names)
        ),
        "company_adjectives": _words(word for word in Company.catch_phrase_words[0] if word.isalpha()),
        "company_nouns": _words(
            word.capitalize() for word in Company.bsWords[2] if word.isalpha() and len(word) <= _LONGEST_NOUN
        ),
    }


def _words(words: Iterable[str]) -> tuple[str, ...]:
    # Such as initcap makes of any: so a list's word is found in whatever case a value has it.
    return tuple(sorted({word for word in words if len(word) <= LONGEST and word == word.title()}))
