-- A small shop with what makes masking hard. All people and numbers in it are invented.
CREATE EXTENSION citext;
CREATE SCHEMA "Sales Dept";

CREATE DOMAIN public.short_name AS varchar(40) CHECK (length(VALUE) <= 40);
CREATE TYPE public.plan AS ENUM ('free', 'basic', 'pro');

CREATE TABLE public.users (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ssn         text UNIQUE,
    email       text NOT NULL,
    backup      public.citext,
    first_name  public.short_name,
    last_name   varchar(40) NOT NULL CHECK (last_name <> ''),
    full_name   text GENERATED ALWAYS AS ((first_name)::text || ' ' || last_name) STORED,
    phone       varchar(24),
    born        date CHECK (born < DATE '2020-01-01'),
    ip          inet,
    notes       text,
    profile     jsonb NOT NULL DEFAULT '{}',
    aliases     text[],
    plan        public.plan NOT NULL DEFAULT 'free',
    level       int,
    password    char(60),
    picture     bytea,
    manager_id  bigint REFERENCES public.users
);
CREATE UNIQUE INDEX users_email_key ON public.users (lower(email));
CREATE UNIQUE INDEX users_backup_key ON public.users (backup);

CREATE TABLE public.audit_log (id bigserial, at timestamptz DEFAULT now(), email text, ssn text);
CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.audit_log (email, ssn) VALUES (OLD.email, OLD.ssn);
    RETURN NEW;
END $$;
CREATE TRIGGER audit_always AFTER UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.audit();
ALTER TABLE public.users ENABLE ALWAYS TRIGGER audit_always;
CREATE TRIGGER audit_replica AFTER UPDATE OF email ON public.users FOR EACH ROW EXECUTE FUNCTION public.audit();
ALTER TABLE public.users ENABLE REPLICA TRIGGER audit_replica;
CREATE TRIGGER audit_origin AFTER UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.audit();

CREATE TABLE public.orders (
    id      bigint NOT NULL,
    user_id bigint NOT NULL REFERENCES public.users,
    placed  date NOT NULL,
    street  text,
    email   varchar(60),
    PRIMARY KEY (id, placed, user_id)
) PARTITION BY RANGE (placed);
CREATE TABLE public.orders_2023 PARTITION OF public.orders FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.orders_2024 PARTITION OF public.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
    PARTITION BY LIST (user_id);
CREATE TABLE public.orders_2024_rest PARTITION OF public.orders_2024 DEFAULT;

CREATE TABLE "Sales Dept"."Order ""Notes""" ("Id" int PRIMARY KEY, "Full Name" text, "e.mail" text UNIQUE, city varchar(12));

CREATE TABLE public.sessions (token text PRIMARY KEY, user_id bigint REFERENCES public.users, created_at timestamptz NOT NULL);

CREATE TABLE public.patients (id int PRIMARY KEY, diagnosis text);

CREATE TABLE public.people (id int, nickname text);
CREATE TABLE public.staff (salary numeric(10, 2)) INHERITS (public.people);

CREATE VIEW public.user_emails AS SELECT id, email, phone FROM public.users;
CREATE MATERIALIZED VIEW public.users_by_plan AS SELECT plan, count(*), min(email) AS first FROM public.users GROUP BY plan;

INSERT INTO public.users (ssn, email, backup, first_name, last_name, phone, born, ip, notes, profile, aliases, plan, level,
                          password, picture, manager_id)
SELECT lpad((100000000 + i)::text, 9, '1'),
       'person' || i || '@shop.example',
       CASE WHEN i % 3 = 0 THEN 'Backup' || i || '@Shop.Example' END,
       CASE WHEN i % 10 = 0 THEN NULL WHEN i % 11 = 0 THEN '' ELSE 'Firstname' || i END,
       'Lastname' || i,
       '(212) 736-' || lpad(i::text, 4, '0'),
       DATE '1950-01-01' + i % 20000,
       ('10.0.' || i / 256 % 256 || '.' || i % 256)::inet,
       CASE WHEN i % 7 = 0 THEN '' ELSE 'Called about order ' || i || ', is unhappy.' END,
       jsonb_build_object('home', 'Raw Street ' || i),
       ARRAY['nick' || i, NULL, 'nack' || i],
       'pro', i, md5(i::text), convert_to('raw picture ' || i, 'UTF8'), CASE WHEN i > 1 THEN i / 2 END
  FROM generate_series(1, 300) i;
INSERT INTO public.orders
SELECT i, i % 300 + 1, DATE '2023-01-01' + i % 700, i || ' Raw Road', 'person' || (i % 300 + 1) || '@shop.example'
  FROM generate_series(1, 500) i;
INSERT INTO public.audit_log (email, ssn) SELECT email, ssn FROM public.users LIMIT 50;
INSERT INTO "Sales Dept"."Order ""Notes""" SELECT i, 'Raw Person ' || i, 'note' || i || '@shop.example', 'Rawtown' || i FROM generate_series(1, 40) i;
INSERT INTO public.sessions SELECT 'token' || i, i, TIMESTAMPTZ '2024-01-01' + i * INTERVAL '1 day' FROM generate_series(1, 60) i;
INSERT INTO public.patients SELECT i, 'raw diagnosis ' || i FROM generate_series(1, 20) i;
INSERT INTO public.people SELECT i, 'rawnick' || i FROM generate_series(1, 10) i;
INSERT INTO public.staff SELECT i, 'stafnick' || i, 1000 + i FROM generate_series(11, 20) i;
ALTER TABLE public.patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.patients FORCE ROW LEVEL SECURITY;
CREATE POLICY nobody ON public.patients USING (false);
SELECT lo_from_bytea(0, 'raw large object');
REFRESH MATERIALIZED VIEW public.users_by_plan;
