-- The fixed table: invented people, the same in every run, because all follows from the row's number.
-- Parameters: bench.rows, a setting. In psql: SET bench.rows = 20000; \i people.sql
-- Six personal columns; two texts of 100 characters and more, a JSONB and a date that are kept; four indexes.

CREATE TABLE public.people (
    id          bigint       NOT NULL,
    email       text         NOT NULL,
    ssn         varchar(11)  NOT NULL,
    phone       varchar(20),
    first_name  varchar(40)  NOT NULL,
    last_name   varchar(40)  NOT NULL,
    street      text,
    about       text         NOT NULL,
    notes       text         NOT NULL,
    preferences jsonb        NOT NULL,
    created_at  timestamptz  NOT NULL
);

INSERT INTO public.people
SELECT numbered.id,
       -- One address in fifty has a capital letter.
       CASE WHEN numbered.id % 50 = 0 THEN named.first ELSE pg_catalog.lower(named.first) END
           || '.' || pg_catalog.lower(named.last) || numbered.id || '@'
           || (ARRAY['larkfield-mail', 'osprey-post', 'quince-net', 'tarn-online'])[1 + (numbered.mixed % 4)::int]
           || '.example',
       pg_catalog.lpad((numbered.spread / 1000000 + 1)::text, 3, '0') || '-'
           || pg_catalog.lpad((numbered.spread / 10000 % 100)::text, 2, '0') || '-'
           || pg_catalog.lpad((numbered.spread % 10000)::text, 4, '0'),
       CASE WHEN numbered.id % 20 = 0 THEN NULL
            WHEN numbered.id % 3 = 0 THEN '+1 (' || dialled.area || ') ' || dialled.exchange || '-' || dialled.line
            WHEN numbered.id % 3 = 1 THEN dialled.area || '-' || dialled.exchange || '-' || dialled.line
            ELSE dialled.area || dialled.exchange || dialled.line END,
       named.first,
       named.last,
       CASE WHEN numbered.id % 30 <> 0
            THEN (1 + numbered.mixed % 1900) || ' '
                 || (ARRAY['Alder', 'Bramble', 'Cobbler', 'Damson', 'Elderberry', 'Foxglove', 'Gorse'])
                    [1 + (numbered.mixed / 7 % 7)::int]
                 || (ARRAY[' Street', ' Road', ' Lane', ' Court', ' Way'])[1 + (numbered.mixed / 11 % 5)::int] END,
       'Joined by way of campaign ' || numbered.mixed % 977
           || ' and reads the monthly letter on gardens, boats and slow trains; prefers the edition number '
           || numbered.mixed % 89 || '.',
       'Called about order ' || numbered.mixed % 400000 || ': the parcel had been left behind the shed, '
           || 'all was well in the end, and no further action is needed in case ' || numbered.mixed % 5003 || '.',
       pg_catalog.jsonb_build_object(
           'theme', (ARRAY['light', 'dark', 'contrast'])[1 + (numbered.mixed % 3)::int],
           'newsletter', numbered.mixed % 2 = 0,
           'tags', pg_catalog.jsonb_build_array(numbered.mixed % 17, numbered.mixed % 23)),
       timestamptz '2020-01-01 00:00:00+00' + pg_catalog.make_interval(mins => (numbered.mixed % 2000000)::int)
  FROM (SELECT series.id,
               -- Bijections below their moduli: a person's SSN is nobody else's.
               series.id * 514229 % 898000000 AS spread,
               series.id * 48271 % 2147483647 AS mixed
          FROM pg_catalog.generate_series(1, pg_catalog.current_setting('bench.rows')::bigint) AS series (id)
       ) AS numbered,
       LATERAL (SELECT
           pg_catalog.initcap(
               (ARRAY['bel', 'cor', 'dag', 'fen', 'gre', 'hal', 'iva', 'jor', 'kel', 'lum'])
               [1 + (numbered.mixed % 10)::int]
               || (ARRAY['an', 'do', 'er', 'ia', 'mund', 'nor', 'ric', 'sa', 'tha', 'vin', 'wen'])
               [1 + (numbered.mixed / 10 % 11)::int]
               || (ARRAY['', 'a', 'd', 'ne', 'o'])[1 + (numbered.mixed / 110 % 5)::int]),
           pg_catalog.initcap(
               (ARRAY['ash', 'birk', 'carn', 'dun', 'elm', 'fair', 'glen', 'hart', 'kirk', 'lang', 'mar'])
               [1 + (numbered.mixed / 550 % 11)::int]
               || (ARRAY['by', 'combe', 'dale', 'field', 'gate', 'holm', 'ley', 'mere', 'ridge', 'stead', 'ton',
                         'wick', 'worth'])
               [1 + (numbered.mixed / 6050 % 13)::int]
               || (ARRAY['', 'er', 's', 'son'])[1 + (numbered.mixed / 78650 % 4)::int])
       ) AS named (first, last),
       LATERAL (SELECT
           (200 + numbered.mixed % 800)::text,
           (200 + numbered.mixed / 800 % 800)::text,
           pg_catalog.lpad((numbered.mixed / 13 % 10000)::text, 4, '0')
       ) AS dialled (area, exchange, line);

ALTER TABLE public.people ADD CONSTRAINT people_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX people_email ON public.people (pg_catalog.lower(email));
ALTER TABLE public.people ADD CONSTRAINT people_ssn UNIQUE (ssn);
CREATE INDEX people_name ON public.people (last_name, first_name);
