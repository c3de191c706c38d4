"""Names in every convention are read as the same words."""

from __future__ import annotations

import pytest

from masking.suggestion.words import words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("first_name", ("first", "name")),
        ("FirstName", ("first", "name")),
        ("firstname", ("first", "name")),
        ("Vorname", ("first", "name")),
        ("prénom", ("first", "name")),
        ("FName", ("first", "name")),
        ("apellidos", ("last", "name")),
        ("e_mail", ("email",)),
        ("Author E-Mail", ("author", "email")),
        ("custEmailAddr2", ("customer", "email")),
        ("emailaddress", ("email",)),
        ("Straße", ("street",)),
        ("lieferstrasse", ("liefer", "street")),
        ("zip_code", ("postcode",)),
        ("mot_de_passe", ("password",)),
        ("dateofbirth", ("birth", "date")),
        ("IPAddress", ("ip",)),
        ("lastLoginIP", ("last", "login", "ip")),
        ("users", ("user",)),
        ("companies", ("company",)),
        ("addresses", ("address",)),
        ("created_at", ("created", "at")),
        ("", ()),
        ("123", ()),
        ("名前", ("名前",)),
    ],
)
def test_a_name_is_read_as_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words
