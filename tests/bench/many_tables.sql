-- Tables number bench.first to bench.last of a database with many: each with ten columns, three indexes and two rows.
-- Twenty belong together: fifteen tables, of which four refer to the first and two hold a personal column to a CHECK,
-- and a partitioned table with four partitions.
DO $tables$
DECLARE
    columns constant text := $columns$
        id bigint NOT NULL, parent_id bigint, email text, first_name varchar(40), last_name varchar(40) NOT NULL,
        phone varchar(20), note text, born_on date, amount numeric(10, 2) CHECK (amount >= 0), created_at timestamptz NOT NULL
    $columns$;
    first_of_group text;
    parent text;
    name text;
    place int;
BEGIN
    FOR number IN current_setting('bench.first')::int .. current_setting('bench.last')::int LOOP
        place := number % 20;
        name := format('t%s', number);
        first_of_group := format('t%s', number - place);
        parent := format('t%s', number - place + 15);
        IF place < 15 THEN
            EXECUTE format('CREATE TABLE public.%I (%s, PRIMARY KEY (id))', name, columns);
            EXECUTE format('CREATE UNIQUE INDEX ON public.%I (lower(email))', name);
            EXECUTE format('CREATE INDEX ON public.%I (last_name, first_name)', name);
            IF place BETWEEN 1 AND 4 THEN
                EXECUTE format('ALTER TABLE public.%I ADD FOREIGN KEY (parent_id) REFERENCES public.%I (id)',
                               name, first_of_group);
            ELSIF place IN (5, 6) THEN
                EXECUTE format('ALTER TABLE public.%I ADD CHECK (note <> '''')', name);
            END IF;
        ELSIF place = 15 THEN
            EXECUTE format('CREATE TABLE public.%I (%s, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)',
                           name, columns);
            EXECUTE format('CREATE INDEX ON public.%I (lower(email))', name);
            EXECUTE format('CREATE INDEX ON public.%I (last_name, first_name)', name);
        ELSE
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                           name, parent, make_date(2000 + place, 1, 1), make_date(2001 + place, 1, 1));
        END IF;
        IF place <> 15 THEN
            EXECUTE format(
                'INSERT INTO public.%I SELECT id, 1, format(%L, id), %L, %L, %L, %L, %L, id, %L'
                ' FROM generate_series(1, 2) AS row (id)',
                name, format('person%%s@%s.example', name), 'Ada', 'Lovelace', '+44 20 7946 0000', 'a note on her',
                '1815-12-10', make_date(2000 + place, 6, 1));
        END IF;
    END LOOP;
END
$tables$;
