-- data.sql: invented rows for schema.sql, the same on every run: each value comes from md5 of a name and a number.
-- 3,000 users, 10,000 orders, 2 s. E-mail addresses end in @larkfield-mail.example, which stands nowhere else,
-- telephone numbers have an exchange that begins with 1, which none does, IP addresses are those kept for examples.
-- Run as a superuser after schema.sql, with ON_ERROR_STOP.

SET search_path = public;

-- 0 ≤ result < modulus; the same for the same name and number.
CREATE FUNCTION pg_temp.pick(name text, number bigint, modulus integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN ('x' || substr(md5('larkfield ' || name || ' ' || number), 1, 7))::bit(28)::integer % modulus;

CREATE FUNCTION pg_temp.one_of(words text[], name text, number bigint) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN words[1 + pg_temp.pick(name, number, cardinality(words))];

CREATE TEMPORARY TABLE words AS SELECT
    '{Adelheid,Alma,Amara,Anselm,Aurelio,Beatrix,Benno,Bohdan,Calliope,Casimir,Cosima,Dalia,Darragh,Delphine,
      Edda,Eluned,Emeka,Esperanza,Fenna,Florian,Giselle,Gwendal,Hamza,Henrike,Ignatius,Imke,Isolde,Jorunn,
      Kalani,Kasper,Leocadia,Linnea,Ludovic,Maëlle,Mahalia,Marisol,Nerys,Niamh,Octavia,Olwen,Pascual,Petronella,
      Quentin,Rasmus,Rosalind,Sabine,Saoirse,Seraphina,Tamsin,Thaddeus,Ulrika,Valentin,Vesna,Wendelin,Xanthe,
      Yannick,Yolanda,Zdenka,Zebedee,Zuleika}'::text[] AS first_names,
    '{Abernethy,Ackerholt,Ballantyne,Birkenau,Brackwater,Calloway-Reyes,Carmichael,Dabrowska,Desrosiers,Eikeland,
      Esterhazy,Fairweather,Featherstone,Galbraith,Guldbrandsen,Hallorann,Havelock,Ingersoll,Iturriaga,Jankowicz,
      Kirkbride,Klingenthal,Lachance,Lindqvist,MacAllister,Merriweather,Montefiore,Nakagawara,Northcote,
      O''Halloran,Okonjo,Oyelaran,Pemberton,Przybylski,Quillfeather,Ravenscroft,Rosewarne,Sandoval-Ruiz,
      Schellenberg,Silvanus,Skarsgaard,Tannenbaum,Thistlewood,Trevelyan,Uchenna,Underhill,Vandersloot,Vasconcelos,
      Waldegrave,Wintermantel,Wolverhampton,Xenakis,Yarborough,Zabriskie,Zimmermann-Koch}'::text[] AS last_names,
    '{Cobblestone Lane,Harbour Steps,Juniper Row,Kestrel Avenue,Lantern Street,Millrace Road,Orchard Gate,
      Quarry Hill,Saddlers Walk,Tidewater Drive,Vinegar Yard,Willow Bend}'::text[] AS streets,
    '{Ashcombe,Bellweather,Copperfield,Dunmorrow,Eastmarsh,Fallowfield,Greywater,Hollowbrook,Ironbridge Falls,
      Larkspur,Marrowdale,Ravensmoor}'::text[] AS cities,
    '{Kettle,Lamp,Notebook,Garden Chair,Umbrella,Wool Blanket,Teapot,Desk Clock,Picture Frame,Bread Knife}'::text[]
        AS things,
    '{Copper,Oak,Blue,Folding,Enamel,Small,Large,Striped,Plain,Antique}'::text[] AS qualities;

INSERT INTO users (
    id, public_id, ssn, email, phone, first_name, last_name, date_of_birth, street, city, postcode, country,
    last_login_ip, password_hash, api_token, profile, status, marketing_consent, referred_by, created_at, updated_at
)
SELECT
    p.id,
    md5('public id ' || p.id)::uuid,
    format('%s-%s-%s',
        to_char(1 + pg_temp.pick('area', p.id, 665), 'FM000'),
        to_char(1 + pg_temp.pick('group', p.id, 99), 'FM00'),
        to_char(1 + pg_temp.pick('serial', p.id, 9999), 'FM0000')),
    -- A fifth writes it with capitals, as people do.
    CASE WHEN p.id % 5 = 0 THEN initcap(p.email) ELSE p.email END,
    format('+1 %s-1%s-%s', 201 + pg_temp.pick('area code', p.id, 700),
        to_char(pg_temp.pick('exchange', p.id, 100), 'FM00'), to_char(pg_temp.pick('line', p.id, 10000), 'FM0000')),
    p.first_name,
    p.last_name,
    CASE WHEN p.id % 17 > 0 THEN date '1940-01-01' + pg_temp.pick('birth', p.id, 24000) END,
    (1 + pg_temp.pick('house', p.id, 240)) || ' ' || pg_temp.one_of(w.streets, 'street', p.id),
    pg_temp.one_of(w.cities, 'city', p.id),
    to_char(1000 + pg_temp.pick('postcode', p.id, 98000), 'FM00000'),
    'US',
    CASE p.id % 4
        WHEN 0 THEN NULL
        WHEN 1 THEN ('2001:db8:' || to_hex(pg_temp.pick('ip6', p.id, 65536)) || '::' || to_hex(p.id))::inet
        ELSE (CASE WHEN p.id % 2 = 0 THEN '198.51.100.' ELSE '203.0.113.' END
            || (1 + pg_temp.pick('ip', p.id, 254)))::inet
    END,
    '$2b$12$' || translate(encode(sha256(convert_to('hash ' || p.id, 'UTF8')), 'base64'), '+=', './')
        || substr(md5('salt ' || p.id), 1, 9),
    CASE WHEN p.id % 10 = 3 THEN 'shop_live_' || md5('token ' || p.id) END,
    jsonb_build_object(
        'display_name', p.first_name || ' ' || left(p.last_name, 1) || '.',
        'emergency_contact', jsonb_build_object(
            'name', pg_temp.one_of(w.first_names, 'contact', p.id) || ' ' || p.last_name,
            'phone', format('+1 %s-1%s-%s', 201 + pg_temp.pick('contact area', p.id, 700),
                to_char(pg_temp.pick('contact exchange', p.id, 100), 'FM00'),
                to_char(pg_temp.pick('contact line', p.id, 10000), 'FM0000'))),
        'preferences', jsonb_build_object('newsletter', p.id % 3 = 0, 'theme', 'dark')),
    (CASE WHEN p.id % 50 = 0 THEN 'closed' WHEN p.id % 33 = 0 THEN 'suspended' ELSE 'active' END)::account_status,
    p.id % 3 = 0,
    CASE WHEN p.id > 100 AND p.id % 7 = 0 THEN 1 + pg_temp.pick('referrer', p.id, 100) END,
    timestamptz '2023-01-01 00:00+00' + p.id * interval '6 hours',
    timestamptz '2025-06-01 00:00+00' + pg_temp.pick('updated', p.id, 200) * interval '1 day'
FROM words w
CROSS JOIN LATERAL (
    SELECT
        n.id,
        n.first_name,
        n.last_name,
        regexp_replace(lower(n.first_name || '.' || n.last_name), '[^a-zë.]', '', 'g') || n.id
            || '@larkfield-mail.example' AS email
    FROM (
        SELECT
            id,
            pg_temp.one_of(w.first_names, 'first', id) AS first_name,
            pg_temp.one_of(w.last_names, 'last', id) AS last_name
        FROM generate_series(1, 3000) AS id
    ) n
) p
ORDER BY p.id;

-- Some have changed their address since: the audit log holds the old one.
UPDATE users SET email = 'formerly.' || email WHERE id % 40 = 1;
-- Bookkeeping times don't depend on when this was loaded.
UPDATE audit_log SET at = timestamptz '2025-01-01 00:00+00' + id * interval '1 hour';

INSERT INTO products (id, sku, name, description, price, tags, parent_id)
SELECT
    i,
    'LF-' || to_char(i, 'FM0000'),
    w.qualities[1 + (i - 1) % 10] || ' ' || w.things[1 + (i - 1) / 10],
    'Made of good material, and sent in two days.',
    5 + pg_temp.pick('price', i, 9500) / 100.0,
    ARRAY[lower(w.qualities[1 + (i - 1) % 10]), 'home'],
    CASE WHEN i % 10 <> 1 THEN i - (i - 1) % 10 END
FROM words w CROSS JOIN generate_series(1, 100) AS i
ORDER BY i;

INSERT INTO orders (
    id, user_id, status, contact_email, shipping_name, shipping_street, shipping_city, shipping_postcode,
    delivery_note, placed_at
)
SELECT
    o.id,
    u.id,
    (enum_range(NULL::order_status))[1 + pg_temp.pick('status', o.id, 5)],
    lower(u.email),
    u.full_name,
    u.street,
    u.city,
    u.postcode,
    CASE o.id % 6
        WHEN 0 THEN 'Please ring ' || u.first_name || ' on ' || u.phone || ' from the gate'
        WHEN 3 THEN 'Leave it with the neighbour'
    END,
    timestamptz '2024-12-20 00:00+00' + o.id * interval '50 minutes'
FROM generate_series(1, 10000) AS o (id)
JOIN users u ON u.id = 1 + pg_temp.pick('customer', o.id, 3000)
ORDER BY o.id;

INSERT INTO order_items (order_id, line_number, product_id, quantity, unit_price)
SELECT o.id, line, p.id, 1 + pg_temp.pick('quantity', o.id * 10 + line, 4), p.price
FROM orders o
CROSS JOIN LATERAL generate_series(1, 1 + o.id % 3) AS line
JOIN products p ON p.id = 1 + pg_temp.pick('product', o.id * 10 + line, 100)
ORDER BY o.id, line;

INSERT INTO payments (id, order_id, amount, card_holder, card_last4, card_token, paid_at)
SELECT
    o.id,
    o.id,
    (SELECT sum(i.line_total) FROM order_items i WHERE i.order_id = o.id),
    upper(o.shipping_name),
    to_char(pg_temp.pick('card', o.user_id, 10000), 'FM0000'),
    'tok_' || md5('card token ' || o.user_id),
    o.placed_at + interval '3 minutes'
FROM orders o
WHERE o.status <> 'pending'
ORDER BY o.id;

INSERT INTO support_messages (id, user_id, in_reply_to, sender_email, subject, body, is_internal, sent_at)
SELECT
    m.id,
    u.id,
    CASE WHEN m.id % 4 = 0 THEN m.id - 1 END,
    lower(u.email),
    CASE m.id % 3
        WHEN 0 THEN 'Where is my order?'
        WHEN 1 THEN 'Wrong address for ' || u.full_name
        ELSE 'Please call me'
    END,
    CASE m.id % 4
        WHEN 0 THEN format('Spoke to %s %s on %s, calmed down. Refund promised.', u.first_name, u.last_name, u.phone)
        WHEN 1 THEN format('Hello, I moved to %s in %s. My e-mail is still %s. Thanks, %s',
            u.street, u.city, u.email, u.first_name)
        WHEN 2 THEN format('My husband %s ordered with my card; his number is %s. %s',
            pg_temp.one_of(w.first_names, 'husband', m.id), u.phone, u.full_name)
        ELSE format('I was born on %s, so why is my social security number (%s) refused?', u.date_of_birth, u.ssn)
    END,
    m.id % 4 = 0,
    timestamptz '2025-02-01 00:00+00' + m.id * interval '4 hours'
FROM words w
CROSS JOIN generate_series(1, 1500) AS m (id)
JOIN users u ON u.id = 1 + pg_temp.pick('writer', m.id - (m.id % 4 = 0)::integer, 3000)
ORDER BY m.id;

INSERT INTO "Customer Notes" ("Customer Id", "Note Text", "Author E-Mail", "Written On", "isPinned")
SELECT
    u.id,
    format('%s %s prefers calls after six (%s)', u.first_name, u.last_name, u.phone),
    'agent' || (u.id % 7) || '@larkfield-mail.example',
    date '2025-03-01' + (u.id % 90)::integer,
    u.id % 11 = 0
FROM users u
WHERE u.id % 6 = 0
ORDER BY u.id;

INSERT INTO documents (id, user_id, file_name, content, received_at)
SELECT
    d.id,
    u.id,
    lower(u.last_name) || '-passport.txt',
    lo_from_bytea(
        (700000 + d.id)::oid,
        convert_to(format('Passport of %s, born %s, %s', u.full_name, u.date_of_birth, u.email), 'UTF8')),
    timestamptz '2025-04-01 00:00+00' + d.id * interval '1 day'
FROM generate_series(1, 12) AS d (id)
JOIN users u ON u.id = d.id * 200
ORDER BY d.id;

DO $$
BEGIN
    FOR number IN 700001..700012 LOOP
        EXECUTE format('ALTER LARGE OBJECT %s OWNER TO shop_owner', number);
    END LOOP;
END
$$;

INSERT INTO sessions (token, user_id, ip, user_agent, expires_at)
SELECT
    md5('session ' || u.id),
    u.id,
    coalesce(u.last_login_ip, '198.51.100.7'),
    'Mozilla/5.0 (X11; Linux x86_64)',
    timestamptz '2026-01-01 00:00+00' + u.id * interval '1 minute'
FROM users u
WHERE u.id % 4 = 1
ORDER BY u.id;

-- Every identity column goes on after the rows above.
DO $$
DECLARE
    t regclass;
BEGIN
    FOREACH t IN ARRAY '{users,products,orders,payments,support_messages,documents}'::regclass[] LOOP
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), (SELECT max(id) FROM %s))', t, t);
    END LOOP;
END
$$;

REFRESH MATERIALIZED VIEW reporting.best_customers;
DROP TABLE words;
RESET search_path;
ANALYZE;
