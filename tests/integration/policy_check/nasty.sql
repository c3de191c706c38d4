-- One of everything that pg_dump writes about a table. All of it is invented.
CREATE EXTENSION citext;
CREATE EXTENSION btree_gist;
CREATE SCHEMA "Old Stuff";

CREATE DOMAIN mail AS citext CONSTRAINT has_at CHECK (VALUE ~ '@') NOT NULL;
CREATE DOMAIN work_mail AS mail CHECK (length(VALUE::text) < 90);
CREATE DOMAIN code AS varchar(8);
CREATE DOMAIN "short Code" AS code;
CREATE DOMAIN tags AS text[];
ALTER DOMAIN code ADD CONSTRAINT code_upper CHECK (VALUE = upper(VALUE)) NOT VALID;
CREATE TYPE mood AS ENUM ('happy', 'sad', 'it''s (complicated)');
CREATE TYPE "Old Stuff".address AS (street text, city varchar(30));
CREATE TYPE "Old Stuff"."Home, sweet" AS (number numeric(5, 1), kept "Old Stuff".address[], "in" mood, owner work_mail,
    sorted text COLLATE "C");
COMMENT ON COLUMN "Old Stuff"."Home, sweet".owner IS 'whose';
CREATE DOMAIN european_home AS "Old Stuff"."Home, sweet" CHECK ((VALUE).number > 0);
CREATE DOMAIN mails_list AS mail[];
CREATE TYPE weight AS RANGE (subtype = float8);

CREATE FUNCTION no_op() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- \restrict is no command in here; nor is this: CREATE TABLE not_a_table (a int);
    RETURN NEW;
END $$;
CREATE FUNCTION same(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN $1;
CREATE FUNCTION same(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1;
CREATE PROCEDURE tidy() LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
CREATE AGGREGATE longest(text) (SFUNC = textcat, STYPE = text);
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);

CREATE TABLE types (
    a_bool boolean DEFAULT true, a_char char, a_char4 char(4) DEFAULT 'a,b)', a_varchar varchar, a_varchar9 varchar(9)[],
    a_bpchar bpchar, a_byte "char", a_name name, a_text text COLLATE "C" DEFAULT 'x' NOT NULL, a_numeric numeric, a_numeric5 numeric(5),
    a_numeric52 numeric(5, 2)[][], a_numeric_neg numeric(5, -2), a_bit bit, a_bit9 bit(9), a_varbit varbit, a_varbit9 varbit(9),
    a_time time, a_time3 time(3) with time zone, a_timestamp timestamp(0), a_timestamptz timestamptz(6) DEFAULT now(),
    a_interval interval, a_interval3 interval(3), a_interval_ds interval day to second(2), a_interval_ym interval year to month,
    a_json json, a_jsonb jsonb[] DEFAULT ARRAY['{"a": [1, 2]}'::jsonb, '[]'], a_money money, a_float4 real, a_float8 float,
    a_small smallserial, a_serial serial, a_big bigserial, a_mail mail, a_work work_mail, a_mails mail[], a_code "short Code",
    a_tags tags, a_mood mood DEFAULT 'it''s (complicated)', a_moods mood[], an_address "Old Stuff".address, a_weight weight,
    a_weights weight_multirange, an_int4range int4range, an_oid oid, a_citext citext, a_row pg_catalog.pg_snapshot
);
COMMENT ON TABLE types IS 'it''s all here';
COMMENT ON COLUMN types.a_text IS 'free';

CREATE TABLE "Old Stuff"."Ümläut; table" (
    "Key" int PRIMARY KEY,
    "select" text UNIQUE NULLS NOT DISTINCT,
    "Naïve (name)" text CHECK ("Naïve (name)" <> ')' AND "select" IS NOT NULL),
    "from" int4range,
    type_of types,
    full_name text GENERATED ALWAYS AS ("select" || ' (' || "Naïve (name)") STORED,
    CONSTRAINT "no; overlap" EXCLUDE USING gist ("from" WITH &&, lower("select") WITH =) WHERE ("Key" > 0),
    CONSTRAINT "either, or" CHECK (coalesce("Naïve (name)", "select") <> '') NO INHERIT
);
CREATE UNIQUE INDEX "Index, of" ON "Old Stuff"."Ümläut; table" (lower("select") DESC, ("Naïve (name)" || '('), "Key") INCLUDE ("from")
    WITH (fillfactor = 70) WHERE "Key" > 1 AND "select" = ANY (ARRAY['a', 'b']);
CREATE INDEX ON "Old Stuff"."Ümläut; table" (extract(year FROM timestamp '2020-01-01' + "Key" * interval '1 day'));
CREATE INDEX ON "Old Stuff"."Ümläut; table" USING hash (("select" COLLATE "C"));
CREATE INDEX ON "Old Stuff"."Ümläut; table" ("select" COLLATE "C" text_pattern_ops DESC NULLS LAST);
ALTER TABLE "Old Stuff"."Ümläut; table" ADD CONSTRAINT later CHECK ("Key" < 9) NOT VALID;

CREATE TABLE typed OF "Old Stuff"."Home, sweet" (number DEFAULT 1 NOT NULL, UNIQUE (number), CHECK ("in" <> 'sad'));
CREATE TABLE homes (first european_home, others european_home[], all_of "Old Stuff"."Home, sweet"[], mails mails_list,
    moods mood[], rows typed[]);

CREATE TABLE parent (id int PRIMARY KEY, note text DEFAULT 'a' NOT NULL, other int CHECK (other > 0),
    twice int GENERATED ALWAYS AS (other * 2) STORED);
CREATE TABLE other_parent (note text, id int);
CREATE TABLE child (extra text, other int CHECK (other < 100)) INHERITS (parent, other_parent);
ALTER TABLE child ALTER COLUMN note SET DEFAULT 'b, c';
ALTER TABLE child ALTER COLUMN id SET NOT NULL;
ALTER TABLE parent ADD CONSTRAINT parent_later CHECK (id < 1000) NOT VALID;
ALTER TABLE child OWNER TO master;

CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY, region text, born date NOT NULL, manager bigint,
    boss_region text, PRIMARY KEY (id, region, born)) PARTITION BY LIST (region);
CREATE TABLE people_eu PARTITION OF people FOR VALUES IN ('eu', 'uk') PARTITION BY RANGE (born);
CREATE TABLE people_eu_old (born date NOT NULL, manager bigint, dropped int, boss_region text, region text NOT NULL, id bigint NOT NULL);
ALTER TABLE people_eu_old DROP COLUMN dropped;
ALTER TABLE people_eu ATTACH PARTITION people_eu_old FOR VALUES FROM ('1900-01-01') TO ('2000-01-01');
CREATE TABLE people_rest PARTITION OF people DEFAULT;
CREATE INDEX people_region ON people (lower(region));
CREATE INDEX people_broken ON ONLY people (born);
CREATE TABLE teams (id int PRIMARY KEY, lead bigint, lead_region text, lead_born date,
    CONSTRAINT led_by FOREIGN KEY (lead, lead_region, lead_born) REFERENCES people);
ALTER TABLE people ADD team int CONSTRAINT in_team REFERENCES teams ON DELETE SET NULL DEFERRABLE;
ALTER TABLE people ADD CONSTRAINT old_enough CHECK (born < '2020-01-01');
CREATE TRIGGER each_row BEFORE UPDATE OF team, region ON people FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION no_op();
CREATE TRIGGER each_statement AFTER UPDATE ON people EXECUTE FUNCTION no_op();
ALTER TABLE people ENABLE ALWAYS TRIGGER each_row;
ALTER TABLE people_rest DISABLE TRIGGER each_row;
ALTER TABLE teams ADD CONSTRAINT not_yet FOREIGN KEY (id) REFERENCES parent (id) NOT VALID;
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON teams DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_op();
CREATE RULE nothing AS ON DELETE TO teams WHERE old.id > 1 DO INSTEAD NOTHING;
ALTER TABLE teams ENABLE REPLICA RULE nothing;
ALTER TABLE teams ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON teams USING (id > 1);

CREATE UNLOGGED TABLE unlogged (a int);
CREATE TABLE no_columns ();
CREATE VIEW seen AS SELECT id, note FROM parent;
CREATE TRIGGER on_view INSTEAD OF UPDATE ON seen FOR EACH ROW EXECUTE FUNCTION no_op();
CREATE RULE on_view AS ON DELETE TO seen DO INSTEAD NOTHING;
COMMENT ON COLUMN seen.note IS 'of a view';
CREATE MATERIALIZED VIEW summed AS SELECT region, count(*) AS people FROM people GROUP BY region;
CREATE MATERIALIZED VIEW mails AS SELECT a_mail FROM types;
CREATE UNIQUE INDEX summed_region ON summed (region) WHERE people > 1;
COMMENT ON MATERIALIZED VIEW summed IS 'counted';
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE distant (id int NOT NULL, name varchar(5) OPTIONS (a 'b')) SERVER far OPTIONS (c 'd');
CREATE STATISTICS related (dependencies) ON id, note FROM parent;
CREATE PUBLICATION everything FOR TABLE parent;
CREATE COLLATION plain FROM "C";
CREATE TEXT SEARCH CONFIGURATION plain (PARSER = pg_catalog."default");
