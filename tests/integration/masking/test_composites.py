"""Composite types by attribute, arrays of domains and arrays of several dimensions, in whole masking steps."""

from __future__ import annotations

from tests.integration.masking.conftest import Clone

TYPES = """
CREATE DOMAIN mail AS varchar(60) CHECK (VALUE LIKE '%@%');
CREATE TYPE place AS (street text, zip varchar(10), seen inet[]);
CREATE TYPE contact AS (email mail, number text, home place, facts jsonb, since date);
CREATE DOMAIN close_contact AS contact CHECK ((VALUE).email LIKE '%@%');
CREATE TABLE people (
    id int, email text, ssn text UNIQUE, one contact, close close_contact, others contact[], rest place);
INSERT INTO people
SELECT n, 'P' || n || '@mail.biz', '078-05-1' || (100 + n), one, one, ARRAY[one, NULL, other], '(,,)'
  FROM generate_series(1, 20) n,
       LATERAL (SELECT ROW('P' || n || '@mail.biz', '078-05-1' || (100 + n), ROW('Main St ' || n, '1234' || n,
                               ARRAY['81.2.69.142']::inet[]), jsonb_build_object('mail', 'P' || n || '@mail.biz',
                               'x', 'secret'), '2020-01-01')::contact,
                       ROW('q@mail.biz', '078-05-1120', NULL, NULL, NULL)::contact) made (one, other);
INSERT INTO people (id) VALUES (0);
"""
CONTACT = (
    "{composite: {email: email, number: ssn, home: {composite: {street: street, zip: postcode, seen: ip}},"
    " facts: {json: {paths: {$.mail: email}}}, since: keep}}"
)
POLICY = f"""
tables:
  people:
    columns:
      id: keep
      email: email
      ssn: ssn
      one: {CONTACT}
      close: {CONTACT}
      others: {CONTACT}
      rest: {{composite: {{street: street, zip: keep, seen: "null"}}}}
"""


def test_attributes_mask_like_columns_however_deep_they_lie(clone: Clone) -> None:
    clone.execute(TYPES)
    clone.mask(POLICY)
    (mask,) = clone.rows(
        "SELECT email, ssn, (one).email, (one).number, (one).facts->>'mail', (close).email, (others[1]).email,"
        " (one).home, others[2] IS NULL, (others[3]).number, (one).facts, (one).since::text,"
        " rest IS NULL AND rest IS DISTINCT FROM NULL FROM people WHERE id = 20"
    )
    assert len({mask[place] for place in (0, 2, 4, 5, 6)}) == 1
    assert str(mask[0]).endswith("@example.com")
    assert mask[1] == mask[3] == mask[9] != "078-05-1120"
    assert mask[10] == {"mail": mask[0]}
    assert (mask[8], mask[11], mask[12]) == (True, "2020-01-01", True)
    whole = clone.value("SELECT string_agg(p::text, ' ') FROM people p")
    for raw in ("mail.biz", "078-05", "Main St", "12345", "81.2.69", "secret"):
        assert raw not in whole
    assert clone.rows("SELECT one, close, others, rest FROM people WHERE id = 0") == [(None,) * 4]


def test_an_attribute_that_kept_its_value_is_found(clone: Clone) -> None:
    """Verification asks each attribute for its masker's form."""
    clone.execute("CREATE TYPE pair AS (email text, note text); CREATE TABLE t (id int, a pair[])")
    clone.execute("INSERT INTO t VALUES (1, ARRAY[ROW('a@b.biz', 'x')::pair, NULL])")
    _, plan = clone.plan(
        "tables: {t: {columns: {id: keep, a: {composite: {email: email, note: free_text}}}}}"
    )
    (use,) = [use for _, use in plan.uses()]
    clone.execute("CREATE SCHEMA refresh_mask")
    violation = use.violation()
    assert violation is not None
    count = f"SELECT count(*) FROM t WHERE {violation.as_string(None)}"
    clone.execute(
        "CREATE FUNCTION refresh_mask.filler(int) RETURNS text LANGUAGE sql AS $$ SELECT repeat('x', $1) $$"
    )
    assert clone.value(count) == 1
    clone.execute("UPDATE t SET a[1] = ROW('abcdefghijklmnopqr@example.com', 'x')")
    assert clone.value(count) == 0


def test_arrays_of_domains_are_masked_by_element_and_arrays_keep_their_shape(clone: Clone) -> None:
    clone.execute(
        "CREATE DOMAIN mail AS varchar(60) CHECK (VALUE LIKE '%@%'); CREATE DOMAIN mails AS mail[];"
        " CREATE TABLE t (id int, a mail[], b mails, c text[], d text[], e int[] CHECK (array_ndims(e) = 3))"
    )
    clone.execute(
        "INSERT INTO t VALUES (1, '{a@b.biz,NULL}', '{a@b.biz}', '{{a,b,c},{d,e,f}}', '[0:1]={a,b}',"
        " '{{{50,60},{70,80}},{{150,160},{170,180}},{{250,260},{270,280}}}'), (2, '{}', NULL, '{}', NULL, NULL)"
    )
    clone.mask(
        "tables: {t: {columns: {id: keep, a: email, b: email, c: pseudonym, d: pseudonym, e: number}}}"
    )
    ((a, b, dims, d, e),) = clone.rows(
        "SELECT a::text[], b::text[], ARRAY[array_dims(c), array_dims(d), array_dims(e)], d, e FROM t WHERE id = 1"
    )
    assert a == [b[0], None]
    assert b[0].endswith("@example.com")
    assert dims == ["[1:2][1:3]", "[0:1]", "[1:3][1:2][1:2]"]
    assert clone.value("SELECT c[1][1] = d[0] AND c[1][2] = d[1] AND c[2][3] <> c[1][3] FROM t WHERE id = 1")
    assert "a" not in d
    assert all(
        low / 2 <= found < low
        for low, found in zip(range(50, 90, 10), [number for row in e[0] for number in row], strict=True)
    )
