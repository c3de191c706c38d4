-- Orders that lost their customer.
SELECT o.id FROM public.orders o LEFT JOIN public.users u ON u.id = o.user_id WHERE u.id IS NULL
