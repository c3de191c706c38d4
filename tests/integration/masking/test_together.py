"""What belongs together in a row still does, and in other tables too."""

from __future__ import annotations

import re

from tests.integration.masking.conftest import Clone

POLICY = """
references:
  - orders.contact: users.email
tables:
  users:
    columns:
      id: keep
      email: person_email
      # The subject is masked in the same pass; where there is none, the name's own value decides.
      first: {person_first_name: email}
      last: {person_last_name: {of: email}}
      city: place_city
      zip: {place_postcode: city}
      land: {place_country: city}
      code: {place_country: city}
  orders:
    columns:
      contact: person_email
      whole: {person_name: contact}
      town: place_city
  narrow: {columns: {mail: person_email}}
"""


def test_a_name_goes_with_its_e_mail_address_in_every_table(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int, email varchar(80) UNIQUE, first text, last varchar(40), city text, zip char(6),"
        " land text, code char(2));"
        "CREATE TABLE orders (contact text, whole text, town varchar(30));"
        "CREATE TABLE narrow (mail varchar(24));"
        "INSERT INTO users SELECT i, 'person' || i || '@mail.example', 'First' || i, 'Last' || i,"
        " 'Rawtown' || i % 7, i, 'Germany', 'DE'"
        " FROM generate_series(1, 300) i;"
        "INSERT INTO users VALUES (301, NULL, 'First', '', NULL, '12345', 'France', 'FR'),"
        " (302, 'Person1@mail.example', NULL, 'L', '', '', '', NULL);"
        "INSERT INTO orders SELECT email, first || ' ' || last, city FROM users WHERE id <= 300;"
        "INSERT INTO narrow SELECT 'p' || i FROM generate_series(1, 9) i"
    )
    report = clone.mask(POLICY)
    assert report.verification.verdict == "passed"
    rows = clone.rows(
        "SELECT email, first, last, city, zip, whole, town, land, code"
        " FROM users JOIN orders ON contact = email ORDER BY id"
    )
    assert len(rows) == 300  # the same address, the same mask
    assert len({row[1] for row in rows}) > 100
    postcodes: dict[str, tuple[str, str, str]] = {}
    for email, first, last, city, postcode, whole, town, land, code in rows:
        assert email.startswith(f"{first}.{last}.".lower())
        assert email.endswith("@example.com")
        assert whole == f"{first} {last}"
        assert town == city
        assert postcodes.setdefault(city, (postcode, land, code)) == (postcode, land, code)
        assert land.endswith("ia")
        assert re.fullmatch("X[A-Z]|Q[M-Z]|AA|ZZ", code)  # of no country (ISO 3166-1)
        assert postcode.startswith("00")
    ((_, first, last, city, postcode),) = clone.rows(
        "SELECT email, first, last, city, zip FROM users WHERE id = 301"
    )
    assert first not in (None, "", "First")
    assert (last, city) == ("", None)
    assert postcode.startswith("00")
    # Who is another only by the case of the address has the same names and another address.
    (one, other) = clone.rows("SELECT email, first, last FROM users WHERE id IN (1, 302) ORDER BY id")
    assert other[0] != one[0]
    assert other[0].lower() == one[0]
    assert (other[1], other[2]) == (None, one[2])
    # Letters come before names where there is room for little.
    assert (
        clone.value(r"SELECT count(*) FROM narrow WHERE mail ~ '^([a-z]+\.)?[a-z0-9]{8,12}@example\.com$'")
        == 9
    )
