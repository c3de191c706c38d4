-- A small shop with one of everything that a dump may stumble over. Run by a superuser; all is owned by shop_owner.
-- The rows are invented.
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
COMMENT ON EXTENSION citext IS 'case-insensitive text, as this shop says it';
GRANT CREATE ON SCHEMA public TO shop_owner;
SET ROLE shop_owner;

CREATE SCHEMA "Odd Schema";
COMMENT ON SCHEMA "Odd Schema" IS 'a comment on a schema';
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'it''s fine');
CREATE DOMAIN public.short_code AS text CHECK (length(VALUE) <= 12);
CREATE SEQUENCE public.invoice_numbers START 1000 INCREMENT 7;
SELECT nextval('public.invoice_numbers'), nextval('public.invoice_numbers');

CREATE FUNCTION public.shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper($1) || '!' $$;

CREATE TABLE public.users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dropped_later text,
  email citext NOT NULL UNIQUE,
  shouted text GENERATED ALWAYS AS (public.shout(email::text)) STORED,
  mood public.mood DEFAULT 'ok',
  code public.short_code,
  tags text[],
  profile jsonb,
  attributes hstore,
  picture bytea,
  manager_id bigint REFERENCES public.users (id),
  born date,
  seen timestamptz
);
INSERT INTO public.users (email, mood, code, tags, profile, attributes, picture, manager_id, born, seen)
SELECT 'user_' || g || '@example.dev', (ARRAY['sad', 'ok', 'it''s fine'])[1 + g % 3]::public.mood,
       CASE WHEN g % 5 = 0 THEN NULL ELSE 'c' || g END,
       ARRAY['tab' || chr(9) || g, 'new' || chr(10) || 'line', NULL, 'back\slash', '\.', '\end'],
       jsonb_build_object('n', g, 'text', 'ünïcödé → ' || g), hstore('k', g::text), decode(md5(g::text), 'hex'),
       CASE WHEN g > 1 THEN g / 2 END, date '1970-01-01' + g, timestamptz '2020-01-01 00:00+00' + g * interval '1 minute'
  FROM generate_series(1, 500) AS g;
ALTER TABLE public.users DROP COLUMN dropped_later;
CREATE INDEX users_lower_idx ON public.users (lower(email::text)) WHERE manager_id IS NOT NULL;
CREATE STATISTICS public.users_stats ON mood, code FROM public.users;

CREATE TABLE public.single_texts (value text);
INSERT INTO public.single_texts VALUES ('\.'), ('\end'), (''), (NULL), (E'\\end\n\\end'), ('\N');

CREATE TABLE public.heads (id int PRIMARY KEY, tail_id int NOT NULL);
CREATE TABLE public.tails (id int PRIMARY KEY, head_id int NOT NULL REFERENCES public.heads (id) DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE public.heads ADD FOREIGN KEY (tail_id) REFERENCES public.tails (id) DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO public.heads SELECT g, g FROM generate_series(1, 10) AS g;
INSERT INTO public.tails SELECT g, g FROM generate_series(1, 10) AS g;
COMMIT;

CREATE TABLE public.events (id bigint NOT NULL, at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE public.events_2023 PARTITION OF public.events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (id);
CREATE TABLE public.events_2024_0 PARTITION OF public.events_2024 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE public.events_2024_1 PARTITION OF public.events_2024 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE public.events_default PARTITION OF public.events DEFAULT;
ALTER TABLE public.events ADD PRIMARY KEY (id, at);
INSERT INTO public.events SELECT g, date '2023-06-01' + g, 'event ' || g FROM generate_series(1, 800) AS g;

CREATE TABLE public.animals (name text, legs int CHECK (legs >= 0));
CREATE TABLE public.cats (lives int DEFAULT 9) INHERITS (public.animals);
INSERT INTO public.animals VALUES ('snake', 0), ('spider', 8);
INSERT INTO public.cats VALUES ('cat', 4, 9), ('three-legged cat', 3, 8);

CREATE TABLE "Odd Schema"."Odd ""Table""
name -- with; all (of it)" ("Col
FROM stdin;" int, "select" text, "ünïcödé" text GENERATED ALWAYS AS ("select" || '!') STORED);
INSERT INTO "Odd Schema"."Odd ""Table""
name -- with; all (of it)" SELECT g, 'v' || g FROM generate_series(1, 20) AS g;
CREATE TABLE "Odd Schema"."EMPTY" (id int, "a=b" text);
CREATE TABLE public.no_columns ();
INSERT INTO public.no_columns DEFAULT VALUES;
INSERT INTO public.no_columns DEFAULT VALUES;
CREATE UNLOGGED TABLE public.cache (key text PRIMARY KEY, value text);
INSERT INTO public.cache SELECT 'k' || g, repeat('v', g) FROM generate_series(1, 100) AS g;

CREATE TABLE public.guarded (id int, owner name);
INSERT INTO public.guarded SELECT g, 'nobody' FROM generate_series(1, 50) AS g;
ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.guarded USING (owner = current_user);
CREATE TABLE public.forced (id int, owner name);
INSERT INTO public.forced SELECT g, 'nobody' FROM generate_series(1, 60) AS g;
ALTER TABLE public.forced ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.forced FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.forced USING (owner = current_user);

CREATE TABLE public.big (id int, token text, note text);
INSERT INTO public.big
SELECT g, md5(g::text) || md5('a' || g) || md5('b' || g) || md5('c' || g), CASE WHEN g % 1000 = 0 THEN repeat('long ', 5000) END
  FROM generate_series(1, 200000) AS g;
ALTER TABLE public.big ADD PRIMARY KEY (id);

CREATE MATERIALIZED VIEW public.moods AS SELECT mood, count(*) AS people FROM public.users GROUP BY mood;
CREATE UNIQUE INDEX ON public.moods (mood);
CREATE MATERIALIZED VIEW public.a_mood_before_moods AS SELECT max(people) AS most FROM public.moods;
CREATE MATERIALIZED VIEW public.unpopulated AS SELECT 1 AS one WITH NO DATA;
CREATE VIEW public.adults WITH (security_barrier) AS SELECT id, email FROM public.users WHERE born < '1971-01-01';

CREATE TABLE public.audit (id bigserial, what text);
CREATE FUNCTION public.note_it() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.audit (what) VALUES (TG_OP || NEW.email); RETURN NEW; END $$;
CREATE TRIGGER note_it AFTER INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.note_it();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER note_it;
CREATE RULE no_deletes AS ON DELETE TO public.cats DO INSTEAD NOTHING;
GRANT SELECT ON public.users TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
CREATE PUBLICATION some_users FOR TABLE public.users (id, email) WHERE (id > 10);

RESET ROLE;
CREATE PUBLICATION everything FOR ALL TABLES;
COMMENT ON PUBLICATION everything IS 'what only a superuser may publish';
CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
ALTER FUNCTION public.on_ddl() OWNER TO shop_owner;
CREATE EVENT TRIGGER watch_ddl ON ddl_command_end EXECUTE FUNCTION public.on_ddl();
COMMENT ON EVENT TRIGGER watch_ddl IS 'watches';
