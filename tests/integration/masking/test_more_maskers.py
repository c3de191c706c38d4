"""What the maskers with a format, a subject or a radius promise beyond their form, in whole masking steps."""

from __future__ import annotations

import math
import uuid

import pytest

from contracts.errors import PolicyInvalid
from masking.maskers.files import TINY_FILES
from tests.integration.masking.check_digits import is_iban, is_luhn
from tests.integration.masking.conftest import Clone

CODES = """
CREATE TABLE codes (
    id int PRIMARY KEY, short text UNIQUE, plate text UNIQUE, card text UNIQUE, iban text UNIQUE, token text UNIQUE,
    url varchar(60) UNIQUE, company text UNIQUE, ref uuid UNIQUE, ref_text text, cards text[]);
INSERT INTO codes
SELECT n, lpad(n::text, 3, '0'), 'Ab-' || lpad(n::text, 3, '0'), '4111-1111-1111-' || (1000 + n),
       'GB82 WEST 1234 5698 76' || lpad(n::text, 2, '0'), substr(md5(n::text), 1, 4 + n % 20) || '-' || n,
       'https://shop-' || n || '.biz/item/' || n || '?who=Bob', 'Acme ' || n,
       ('00000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid,
       upper('abcdef00-0000-4000-8000-0000000000' || lpad(n::text, 2, '0')), ARRAY['4111111111111111', NULL, '']
  FROM generate_series(0, 99) n;
INSERT INTO codes (id) VALUES (100);
INSERT INTO codes VALUES (101, '', '', '', '', '', '', '', NULL, '', '{}');
"""
CODES_POLICY = """
tables:
  codes:
    columns:
      id: keep
      short: digits
      plate: letters
      card: card_number
      iban: iban
      token: token
      url: url
      company: company
      ref: uuid
      ref_text: uuid
      cards: card_number
"""


def shape(text: str) -> str:
    return "".join("0" if c.isdigit() else "a" if c.islower() else "A" if c.isupper() else c for c in text)


def test_codes_keep_their_format_and_stay_distinct(clone: Clone) -> None:
    clone.execute(CODES)
    raw = clone.rows("SELECT * FROM codes WHERE id < 100 ORDER BY id")
    clone.mask(CODES_POLICY)
    found = clone.rows("SELECT * FROM codes ORDER BY id")
    for column in (1, 2):
        assert not {row[column] for row in found[:100]} & {row[column] for row in raw}
    for before, after in zip(raw, found, strict=False):
        assert [shape(text) for text in after[1:4]] == [shape(text) for text in before[1:4]]
        assert after[3].startswith("9999-")
        assert is_luhn(after[3])
        assert after[4].startswith("XX")
        assert is_iban(after[4])
        assert [len(part) for part in after[4].split()] == [len(part) for part in before[4].split()]
        assert after[6].startswith("https://example.com/")
        assert after[8].version == uuid.UUID(after[9]).version == 4
        assert after[9] == after[9].upper() != before[9]
        assert after[10][1:] == [None, ""]
        assert is_luhn(after[10][0])
    assert found[100][1:] == (None,) * 10
    assert found[101][1:] == ("", "", "", "", "", "", "", None, "", [])


def test_codes_of_which_too_many_are_in_use_are_refused_with_what_fits_their_column(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (code char(2) UNIQUE);"
        " INSERT INTO t SELECT lpad(n::text, 2, '0') FROM generate_series(0, 59) n"
    )
    with pytest.raises(
        PolicyInvalid, match=r"60 values need distinct masks.*its range of 100 has 40 left"
    ) as told:
        clone.mask("tables: {t: {columns: {code: digits}}}")
    assert "Keep it with a reason" in str(told.value)


NEAR = """
CREATE TABLE people (id int PRIMARY KEY, born date, photo bytea, scan bytea, password text, salary int, notes text);
CREATE TABLE visits (
    person int REFERENCES people, arrived timestamptz, left_on date, lat numeric(9, 6), lon float8, place point);
INSERT INTO people
SELECT n, '1980-02-10'::date + n, '\\x01', '\\x02', 'hash ' || n, 1234 - n * 617,
       'Bob (bob@mail.example, +1 212 736-5000) saw https://mail.example/bob 3 times'
  FROM generate_series(1, 20) n;
INSERT INTO visits
SELECT n, '2020-03-28 23:30+00'::timestamptz + n * interval '1 day', '2020-04-01'::date + n,
       52.5 + n * 0.01, 13.4 + n * 0.01, point(13.4 + n * 0.01, 52.5 + n * 0.01)
  FROM generate_series(1, 20) n;
INSERT INTO visits VALUES (1, 'infinity', NULL, 90, 180, NULL), (1, NULL, '-infinity', NULL, NULL, point(0, 90));
"""
NEAR_POLICY = """
tables:
  people:
    columns:
      id: digits_of_no_one
      born: {date_shift: {subject: id, days: 10}}
      photo: {bytes: {kind: png}}
      scan: {bytes: {kind: pdf}}
      password: password_hash
      salary: {bucket: {width: 1000}}
      notes: {redact: "support needs to see what was asked"}
  visits:
    columns:
      person: keep
      arrived: {date_shift: {subject: person, days: 10}}
      left_on: {date_shift: {subject: person, days: 10}}
      lat: {geo_jitter: {radius_m: 500}}
      lon: {geo_jitter: {radius_m: 500}}
      place: {geo_jitter: {radius_m: 500}}
""".replace("digits_of_no_one", "keep")
QUERY = "SELECT arrived, left_on, lat, lon, place[0], place[1] FROM visits WHERE isfinite(arrived) ORDER BY person"


def metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    north, east = other_lat - lat, (other_lon - lon) * math.cos(math.radians(lat))
    return 111320 * math.hypot(north, east)


def test_dates_of_a_subject_move_alike_and_places_stay_within_their_radius(clone: Clone) -> None:
    clone.execute(NEAR)
    born = dict(clone.rows("SELECT id, born FROM people"))
    before = clone.rows(QUERY)
    clone.mask(NEAR_POLICY)
    moved = {person: day - born[person] for person, day in clone.rows("SELECT id, born FROM people")}
    assert all(1 <= abs(delta.days) <= 10 for delta in moved.values())
    assert len({delta.days for delta in moved.values()}) > 3
    for person, (old, new) in enumerate(zip(before, clone.rows(QUERY), strict=True), start=1):
        assert new[0] - old[0] == new[1] - old[1] == moved[person]
        lat, lon = float(old[2]), old[3]
        assert 150 < metres(lon, lat, lon, float(new[2])) < 360
        assert metres(lon, lat, new[3], float(new[2])) < 500
        assert 240 < metres(old[4], old[5], new[4], new[5]) < 501
    ends = clone.rows(
        "SELECT arrived::text, left_on::text, lat <= 90, place[1] <= 90 FROM visits WHERE person = 1"
    )
    assert {("infinity", None, True, None), (None, "-infinity", None, True)} <= set(ends)
    rows = clone.rows("SELECT DISTINCT photo, scan, password, notes FROM people")
    assert [bytes(rows[0][0]), bytes(rows[0][1])] == [TINY_FILES["png"], TINY_FILES["pdf"]]
    assert rows[0][2].startswith("$2b$10$")
    assert rows[0][3] == "Bob ([e-mail], [number]) saw [link] 3 times"
    assert len(rows) == 1
    assert {salary for (salary,) in clone.rows("SELECT salary FROM people")} <= set(range(-12000, 1001, 1000))


HOSTS = [
    ("email", "example.com"),
    ("{email: {domain_part: mail.test, domain: a}}", "mail.test"),
    ("{email: {domain_part: keep, domain: b, reason: routing depends on it}}", "one.biz"),
    ("{email: {domain_part: {mapped: example}, domain: c}}", None),
]


def test_an_email_has_the_host_that_the_policy_says(clone: Clone) -> None:
    columns = [f"e{place}" for place in range(len(HOSTS))]
    clone.execute(
        f"CREATE TABLE t (id int, {', '.join(f'{name} varchar(40)' for name in columns)}, ssn text)"
    )
    addresses = ["a@one.biz", "b@ONE.biz", "c@two.biz", "a@one.biz", "", None, "no address"]
    with_rows = ", ".join(
        str((place, *[address] * len(HOSTS), f"123-45-{6789 - place}")).replace("None", "NULL")
        for place, address in enumerate(addresses)
    )
    clone.execute(f"INSERT INTO t VALUES {with_rows}")
    rules = ", ".join(f"{name}: {rule}" for name, (rule, _) in zip(columns, HOSTS, strict=True))
    ssn = "{ssn: {keep_last_four: true, reason: support asks}}"
    clone.mask(f"tables: {{t: {{columns: {{id: keep, ssn: {ssn}, {rules}}}}}}}")
    found = clone.rows("SELECT * FROM t ORDER BY id")
    for column, (_, host) in enumerate(HOSTS, start=1):
        values = [row[column] for row in found]
        assert values[0] == values[3] != values[1]
        assert values[4:6] == ["", None]
        hosts = [value.partition("@")[2] for value in values if value]
        if host is None:
            assert hosts[0] == hosts[1] != hosts[2]
            assert all(name.endswith(".example") and len(name) == 18 for name in hosts)
        else:
            assert hosts[0] == hosts[1] == host
    assert [row[-1][-4:] for row in found] == [str(6789 - place) for place in range(len(found))]
    assert all(row[-1][0] == "9" and shape(row[-1]) == "000-00-0000" for row in found)


@pytest.mark.parametrize(
    ("type_", "rule", "says"),
    [
        ("text", "{email: {domain_part: keep}}", "needs a reason"),
        ("text", "{email: {domain_part: company.com}}", "reserved"),
        ("text", "{ssn: {keep_last_four: true}}", "needs a reason"),
        ("text UNIQUE", "{ssn: {keep_last_four: true, reason: it is needed}}", "equal results"),
        ("date", "{date_shift: {subject: person}}", "masked by person"),
        ("date", "{bucket: {width: 10}}", "doesn't take"),
        ("int", "{bucket: month}", "doesn't take"),
        ("text", "redact", "reason"),
        ("bytea", "{bytes: {kind: png, hex: ff}}", "hex or kind"),
    ],
)
def test_what_a_masker_needs_is_asked_for(clone: Clone, type_: str, rule: str, says: str) -> None:
    clone.execute(f"CREATE TABLE t (value {type_})")
    with pytest.raises(PolicyInvalid, match=says):
        clone.plan(f"tables: {{t: {{columns: {{value: {rule}}}}}}}")


def test_arrays_mask_by_element_domains_as_their_type_and_a_search_vector_is_made_of_masks(
    clone: Clone,
) -> None:
    clone.execute(
        "CREATE DOMAIN mail AS varchar(60) CHECK (VALUE LIKE '%@%');"
        " CREATE TABLE t (id int, name text, m mail, n numeric[], born date[], tokens text[], search tsvector);"
        " INSERT INTO t VALUES (1, 'Adam', 'a@mail.example', '{5,70,0.01,NULL}', '{2001-02-03,2001-03-03}',"
        " '{abcdef0123456789}', to_tsvector('simple', 'Adam'))"
    )
    clone.mask(
        "tables: {t: {columns: {id: keep, name: first_name, m: email, n: number, born: {date_shift: {subject: id}},"
        " tokens: token, search: {sql: \"to_tsvector('simple', name)\"}}}}"
    )
    ((name, mail, numbers, born, (token,), is_made),) = clone.rows(
        "SELECT name, m, n, born, tokens, search = to_tsvector('simple', name) FROM t"
    )
    assert name != "Adam"
    assert is_made
    assert mail.endswith("@example.com")
    assert [float(number) for number in numbers[2:3]] == [0.01]
    assert (numbers[0] != 5, numbers[3]) == (True, None)
    assert (born[1] - born[0]).days == 28
    assert (len(token), token != "abcdef0123456789", set(token) <= set("0123456789abcdef")) == (
        16,
        True,
        True,
    )
