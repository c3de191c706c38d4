-- The same six assignments as scripts.sql in one statement.
UPDATE public.people
   SET email = 'user_' || id || '@example.com',
       ssn = to_char(900000000 + id, 'FM000-00-0000'),
       phone = '555-' || lpad((id % 10000)::text, 4, '0'),
       first_name = 'First ' || left(md5(first_name), 8),
       last_name = 'Last ' || left(md5(last_name), 8),
       street = (id % 1000) || ' Main Street';
