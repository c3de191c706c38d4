-- A database with one of everything that stands in a masker's way, with a few rows each. All data is invented.
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE SCHEMA "Old Stuff";

CREATE DOMAIN postal AS text CHECK (VALUE ~ '^[0-9]{5}$');
CREATE DOMAIN mail AS citext CHECK (VALUE ~ '@') NOT NULL;
CREATE TYPE full_address AS (street text, city text);
CREATE TYPE mood AS ENUM ('happy', 'sad');

CREATE TABLE "Users" (
    "Login Name" text PRIMARY KEY,
    "e-mail" mail,
    "firstName" varchar(12) NOT NULL CHECK (btrim("firstName") <> ''),
    "Initials" char(2),
    "null" text,
    phone text CHECK (phone ~ '^[+][0-9]{8,15}$'),
    fax varchar(9) UNIQUE,
    mobile bigint,
    zip postal,
    "state" char(2) CHECK ("state" = upper("state")),
    street text,
    ssn integer UNIQUE,
    birth_year smallint CHECK (birth_year BETWEEN 1900 AND 2020),
    dob date,
    home full_address,
    home_location point,
    other_emails text[] DEFAULT '{}' NOT NULL,
    notes xml,
    traits hstore,
    profile jsonb CHECK (jsonb_typeof(profile) = 'object'),
    history json[],
    last_ip inet,
    mac macaddr,
    photo bytea,
    api_key uuid UNIQUE,
    pin char(4) CHECK (pin ~ '^[0-9]{4}$'),
    current_mood mood,
    mood_comment text,
    search tsvector,
    display text GENERATED ALWAYS AS ("firstName" || ' (' || "Login Name" || ')') STORED,
    CHECK (phone IS NOT NULL OR mobile IS NOT NULL)
);
CREATE UNIQUE INDEX ON "Users" (lower("e-mail"::text));
CREATE UNIQUE INDEX ON "Users" (md5(mood_comment)) WHERE mood_comment IS NOT NULL;
CREATE UNIQUE INDEX ON "Users" ("firstName", dob, street);

INSERT INTO "Users"
SELECT 'login' || i, 'Someone' || i || '@mail.example', 'Adelheid', 'AW', 'ordinary ' || i, '+4930' || 1000000 + i,
    '030 ' || 10000 + i, 49301000000 + i, to_char(10000 + i, 'FM00000'), 'CA', i || ' Harbour Steps', 100000000 + i,
    1950 + i % 50, date '1950-01-01' + i, ROW(i || ' Harbour Steps', 'Ashcombe')::full_address, point(i, i),
    ARRAY['second' || i || '@mail.example'], '<note>calls twice</note>', 'email=>third@mail.example',
    jsonb_build_object('phone', '+49 30 1234567'), ARRAY['{"email": "fourth@mail.example"}'::json], '203.0.113.7',
    '00:00:5e:00:53:01', '\x89504e47', gen_random_uuid(), to_char(i, 'FM0000'), 'sad', 'cried on day ' || i,
    to_tsvector('simple', 'Adelheid')
FROM generate_series(1, 300) AS i;

CREATE TABLE posts (
    author text REFERENCES "Users" ON DELETE CASCADE,
    reviewer varchar(30) REFERENCES "Users",
    body text
);
INSERT INTO posts SELECT 'login' || i, 'login' || i + 1, 'I am someone' || i || '@mail.example, ring me'
FROM generate_series(1, 200) AS i;

CREATE TABLE "Old Stuff"."a.b ""c""" ("on" text, "1st" text, email text);
INSERT INTO "Old Stuff"."a.b ""c""" VALUES ('x', 'y', 'someone@mail.example');

CREATE TABLE people (id integer, name text, email text);
CREATE TABLE customers (discount numeric) INHERITS (people);
INSERT INTO people SELECT i, 'Adelheid Birkenau', 'p' || i || '@mail.example' FROM generate_series(1, 20) AS i;
INSERT INTO customers SELECT i, 'Benno Carmichael', 'c' || i || '@mail.example', 1 FROM generate_series(1, 20) AS i;

CREATE TABLE visits (visitor_email text NOT NULL, visited_on date NOT NULL, remark text)
    PARTITION BY RANGE (visited_on);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO visits SELECT 'v' || i || '@mail.example', date '2025-01-01' + i, 'limps a little'
FROM generate_series(1, 50) AS i;

CREATE TABLE by_city (city text NOT NULL, email text) PARTITION BY LIST (city);
CREATE TABLE by_city_rest PARTITION OF by_city DEFAULT;
INSERT INTO by_city VALUES ('Ashcombe', 'someone@mail.example');

CREATE TABLE no_columns ();
CREATE TABLE only_generated (one integer GENERATED ALWAYS AS (1) STORED);
CREATE TABLE empty_employees (id serial PRIMARY KEY, name text NOT NULL, salary money);
CREATE MATERIALIZED VIEW mails AS SELECT "e-mail" FROM "Users";
CREATE VIEW names AS SELECT "firstName" FROM "Users";

-- Renamed beyond recognition: only the values speak.
CREATE TABLE t1 (c1 integer, c2 text, c3 text, c4 text, c5 text, c6 text, c7 text, c8 text, c9 text, c10 jsonb);
INSERT INTO t1 SELECT i, 'q' || i || '@mail.example', '+1 (212) 555-01' || to_char(i % 100, 'FM00'),
    '123-45-' || to_char(i, 'FM0000'), 'DE89 3704 0044 0532 0130 ' || to_char(i % 100, 'FM00'),
    '4111 1111 1111 ' || to_char(1000 + i, 'FM0000'), '198.51.100.' || i % 250,
    (ARRAY['Mary', 'John', 'Anna', 'Karl', 'Pierre', 'Quux'])[1 + i % 6],
    i || (ARRAY[' Harbour Street', ' Lantern Avenue', ' Mill Lane'])[1 + i % 3],
    jsonb_build_object('contact', jsonb_build_object('telephone', 'none'))
FROM generate_series(1, 300) AS i;
CREATE TABLE t2 (c1 integer, c2 text, c3 text, c4 numeric, c5 text);
INSERT INTO t2 SELECT i, (ARRAY['open', 'closed'])[1 + i % 2], 'Blue Teapot ' || i, i * 1.5, md5(i::text)
FROM generate_series(1, 300) AS i;
