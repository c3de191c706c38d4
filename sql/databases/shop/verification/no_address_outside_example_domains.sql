-- Users and orders whose e-mail address could reach somebody.
SELECT id FROM public.users WHERE email !~ '@example[.](dev|com)$'
UNION ALL
SELECT id FROM public.orders WHERE contact_email !~ '@example[.](dev|com)$'
