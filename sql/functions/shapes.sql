-- Numbers and codes that keep their format: digits, letters, card numbers, IBANs. As in digits.sql, a value gets a
-- slot of the range that its format leaves, so distinct values can have distinct masks.

-- Every digit by another one, in the value's own format; letters become x.
CREATE FUNCTION refresh_mask.digits_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                          OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    digits := refresh_mask.digits_of(value);
    canonical := pg_catalog.translate(value, '- ./', '');
    IF canonical <> digits THEN
        canonical := pg_catalog.regexp_replace(pg_catalog.lower(value), '[^[:alnum:]]', '', 'g');
    END IF;
    capacity := 10 ^ LEAST(pg_catalog.length(digits), 16);
    own := CASE WHEN digits = '' THEN -1 ELSE pg_catalog.left(digits, 16)::bigint END;
END
$$;

CREATE FUNCTION refresh_mask.digits(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space  record;
    length int;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.digits_space(value);
    length := pg_catalog.length(space.digits);
    IF length = 0 THEN RETURN refresh_mask.fill(value, ''); END IF;
    RETURN refresh_mask.fill(value, pg_catalog.rpad(pg_catalog.lpad(
        refresh_mask.slot(space.canonical, space.capacity, space.own, domain)::text, LEAST(length, 16), '0'),
        length, '0'));
END
$$;

-- "template" with each ASCII digit and each letter replaced, in order: by what "number" says as long as "capacity"
-- reaches, then by what a hash says. Letters keep their case; ASCII's other characters stay; beyond ASCII,
-- everything counts as a letter.
CREATE FUNCTION refresh_mask.shaped(template text, number bigint, capacity bigint, mac bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    symbol text;
    code   int;
    radix  int;
    chosen int;
    place  int := 0;
    mask   text := '';
BEGIN
    FOREACH symbol IN ARRAY pg_catalog.string_to_array(template, NULL) LOOP
        code := pg_catalog.ascii(symbol);
        radix := refresh_mask.radix_of(code);
        IF radix = 1 THEN
            mask := mask || symbol;
            CONTINUE;
        END IF;
        IF capacity >= radix THEN
            chosen := number % radix;
            number := number / radix;
            capacity := capacity / radix;
        ELSE
            chosen := pg_catalog.get_byte(mac, place % 32) % radix;
            place := place + 1;
        END IF;
        mask := mask || CASE
            WHEN radix = 10 THEN pg_catalog.chr(48 + chosen)
            WHEN code BETWEEN 65 AND 90 OR code > 126 AND symbol <> pg_catalog.lower(symbol) COLLATE "C" THEN pg_catalog.chr(65 + chosen)
            ELSE pg_catalog.chr(97 + chosen) END;
    END LOOP;
    RETURN mask;
END
$$;

-- How many characters may stand for one: 10 for a digit, 26 for a letter, 1 for what stays. Not STRICT, so that
-- PostgreSQL replaces the call by its body.
CREATE FUNCTION refresh_mask.radix_of(code int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN code BETWEEN 48 AND 57 THEN 10
                WHEN code BETWEEN 97 AND 122 OR code BETWEEN 65 AND 90 OR code > 126 THEN 26
                ELSE 1 END
$$;

-- Values of one format have one capacity: that of as many of its first characters as 10^16 has room for. These say
-- which slot is the value's own: one whose letters are all ASCII's.
CREATE FUNCTION refresh_mask.letters_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                           OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    symbol text;
    code   int;
    radix  int;
BEGIN
    canonical := pg_catalog.lower(value);
    capacity := 1;
    own := 0;
    FOREACH symbol IN ARRAY pg_catalog.string_to_array(value, NULL) LOOP
        code := pg_catalog.ascii(symbol);
        radix := refresh_mask.radix_of(code);
        EXIT WHEN capacity > 10::bigint ^ 16 / radix;
        own := own + capacity * CASE radix
            WHEN 10 THEN code - 48 WHEN 26 THEN code % 32 - 1 ELSE 0 END;
        capacity := capacity * radix;
    END LOOP;
    IF own NOT BETWEEN 0 AND capacity - 1 OR pg_catalog.octet_length(value) > pg_catalog.length(value) THEN
        own := -1;
    END IF;
    -- A value without digits and letters has no slot.
    digits := CASE WHEN capacity > 1 THEN canonical ELSE '' END;
END
$$;

CREATE FUNCTION refresh_mask.letters(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space CONSTANT record := refresh_mask.letters_space(value);
BEGIN
    IF space.capacity <= 1 THEN RETURN value; END IF;
    RETURN refresh_mask.shaped(
        value, refresh_mask.slot(space.canonical, space.capacity, space.own, domain), space.capacity,
        refresh_mask.mac(space.canonical, domain));
END
$$;

-- The check digit behind some digits. https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, annex B)
CREATE FUNCTION refresh_mask.luhn(digits text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    before text := digits;
    rest   bigint;
    total  int := 0;
BEGIN
    -- From the right, two digits at once: the second is doubled. Eighteen are a number.
    WHILE before <> '' LOOP
        rest := pg_catalog.right(before, 18);
        before := pg_catalog.left(before, -18);
        WHILE rest > 0 LOOP
            total := total + rest % 100 / 10 + rest % 10 * 2 % 10 + rest % 10 / 5;
            rest := rest / 100;
        END LOOP;
    END LOOP;
    RETURN (1000 - total) % 10;
END
$$;

-- A card number that nobody has, in the value's own format, with a valid check digit. 9 is for national use, and
-- no country has the code 999; numbers with other than 13 to 19 digits begin with 9.
CREATE FUNCTION refresh_mask.card_number_space(value text, OUT canonical text, OUT digits text,
                                               OUT capacity bigint, OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    length int;
BEGIN
    digits := refresh_mask.digits_of(value);
    length := pg_catalog.length(digits);
    canonical := pg_catalog.translate(value, '- ./', '');
    IF canonical <> digits THEN
        canonical := pg_catalog.regexp_replace(pg_catalog.lower(value), '[^[:alnum:]]', '', 'g');
    END IF;
    capacity := 10 ^ CASE WHEN length < 13 THEN GREATEST(length - 2, 0) ELSE LEAST(length, 19) - 5 END;
    own := CASE WHEN length BETWEEN 13 AND 19 AND digits LIKE '9999%'
                THEN pg_catalog.substr(digits, 5, length - 5)::bigint ELSE -1 END;
END
$$;

CREATE FUNCTION refresh_mask.card_number(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space  record;
    length int;
    body   text;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.card_number_space(value);
    length := pg_catalog.length(space.digits);
    IF length < 2 THEN RETURN refresh_mask.fill(value, pg_catalog.repeat('0', length)); END IF;
    body := CASE WHEN length < 13 THEN '9' ELSE '9999' END || CASE WHEN length = 2 THEN '' ELSE pg_catalog.rpad(
        pg_catalog.lpad(refresh_mask.slot(space.canonical, space.capacity, space.own, domain)::text,
                        CASE WHEN length < 13 THEN length - 2 ELSE LEAST(length, 19) - 5 END, '0'),
        CASE WHEN length < 13 THEN length - 2 ELSE length - 5 END, '0') END;
    RETURN refresh_mask.fill(value, body || refresh_mask.luhn(body));
END
$$;

-- An IBAN of country XX, which ISO 3166 gives to no country, with valid check digits, in the value's own format.
CREATE FUNCTION refresh_mask.iban_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                        OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    canonical := pg_catalog.upper(pg_catalog.regexp_replace(value, '[^A-Za-z0-9]', '', 'g'));
    digits := CASE WHEN pg_catalog.length(canonical) > 4 THEN canonical ELSE '' END;
    capacity := 10 ^ LEAST(GREATEST(pg_catalog.length(canonical) - 4, 0), 16);
    own := -1;
END
$$;

CREATE FUNCTION refresh_mask.iban(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space  record;
    length int;
    body   text;
    mask   text := 'XX00';
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.iban_space(value);
    length := pg_catalog.length(space.canonical);
    IF length > 4 THEN
        body := pg_catalog.rpad(pg_catalog.lpad(
            refresh_mask.slot(space.canonical, space.capacity, space.own, domain)::text,
            LEAST(length - 4, 16), '0'), length - 4, '0');
        -- X stands for 33. https://www.iso.org/standard/81090.html (ISO 13616, MOD 97-10)
        mask := 'XX' || pg_catalog.lpad((98 - (body || '333300')::numeric % 97)::text, 2, '0') || body;
    END IF;
    mask := pg_catalog.left(mask, length);
    IF value = pg_catalog.lower(value) COLLATE "C" THEN mask := pg_catalog.lower(mask); END IF;
    IF length = pg_catalog.length(value) THEN RETURN mask; END IF;
    RETURN pg_catalog.format(
        pg_catalog.regexp_replace(
            pg_catalog.regexp_replace(value, '[^A-Za-z0-9 .-]', '-', 'g'), '[A-Za-z0-9]', '%s', 'g'),
        VARIADIC pg_catalog.string_to_array(mask, NULL));
END
$$;

-- An SSN of an area that is never issued with the value's own last four digits; with other than nine digits, 9 and
-- hashed digits.
CREATE FUNCTION refresh_mask.ssn_keeping_four(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    digits CONSTANT text := refresh_mask.digits_of(value);
    length CONSTANT int := pg_catalog.length(digits);
    hashed text;
BEGIN
    IF length = 0 THEN RETURN refresh_mask.fill(value, ''); END IF;
    hashed := pg_catalog.lpad(refresh_mask.number_at(refresh_mask.mac(digits, domain), 0)::text, length, '0');
    hashed := '9' || pg_catalog.right(hashed, length - 1);
    RETURN refresh_mask.fill(
        value, CASE WHEN length = 9
                    THEN pg_catalog.overlay(pg_catalog.left(hashed, 5), '4', 4, 1) || pg_catalog.right(digits, 4)
                    ELSE hashed END);
END
$$;
