-- What a user would write: one UPDATE per personal column, each over the whole table.
-- Cheap expressions, and neither key nor hash but md5: the cost is that of rewriting the table six times.
UPDATE public.people SET email = 'user_' || id || '@example.com';
UPDATE public.people SET ssn = to_char(900000000 + id, 'FM000-00-0000');
UPDATE public.people SET phone = '555-' || lpad((id % 10000)::text, 4, '0');
UPDATE public.people SET first_name = 'First ' || left(md5(first_name), 8);
UPDATE public.people SET last_name = 'Last ' || left(md5(last_name), 8);
UPDATE public.people SET street = (id % 1000) || ' Main Street';
