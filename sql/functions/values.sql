-- Dates, numbers, postcodes and free text.

-- Another day (the 1st to the 28th) of the same year, at midnight; never the value's own day. A day of the current
-- year stays on or before the value's own, and its 1st of January becomes the 28th of December before.
CREATE FUNCTION refresh_mask.same_year(value timestamp, domain text) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    year  int;
    own   int;
    place int;
BEGIN
    IF NOT pg_catalog.isfinite(value) THEN RETURN value; END IF;
    year := EXTRACT(year FROM value);
    -- The value's place among the year's 12 × 28 days; the 29th to the 31st have none of their own.
    own := (EXTRACT(month FROM value) - 1) * 28 + LEAST(EXTRACT(day FROM value), 29) - 1;
    place := refresh_mask.number_at(refresh_mask.mac(pg_catalog.to_char(value, 'YYYY-MM-DD BC'), domain), 0) % 336;
    IF year = EXTRACT(year FROM CURRENT_DATE) THEN
        IF own = 0 THEN RETURN pg_catalog.make_date(year - 1, 12, 28); END IF;
        place := place % own;
    ELSIF place = own AND EXTRACT(day FROM value) <= 28 THEN
        place := (place + 1) % 336;
    END IF;
    RETURN pg_catalog.make_date(year, place / 28 + 1, place % 28 + 1);
END
$$;

-- As same_year, for a date in a text that begins as ISO 8601 has it; other texts lose every digit and letter.
CREATE FUNCTION refresh_mask.same_year_text(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])$' AND value !~ '^0000|-02-29$' THEN
        RETURN pg_catalog.to_char(refresh_mask.same_year(value::timestamp, domain), 'YYYY-MM-DD');
    END IF;
    RETURN refresh_mask.fill(value, pg_catalog.repeat('0', pg_catalog.length(value)));
END
$$;

-- Whether noisy leaves a number as it is: none smaller of its sign and decimal places is left.
CREATE FUNCTION refresh_mask.stays(value numeric) RETURNS bool
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT value::text IN ('NaN', 'Infinity', '-Infinity')
        OR pg_catalog.abs(value) * 10::numeric ^ pg_catalog.scale(value) <= 1
$$;

-- A number between half of the value and the value, with its sign and its number of decimal places.
CREATE FUNCTION refresh_mask.noisy(value numeric, domain text) RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    units numeric;
    half  numeric;
BEGIN
    IF refresh_mask.stays(value) THEN RETURN value; END IF;
    units := pg_catalog.abs(value) * 10::numeric ^ pg_catalog.scale(value);
    half := pg_catalog.ceil(units / 2);
    RETURN pg_catalog.round(pg_catalog.sign(value)
        * (half + refresh_mask.number_at(
               refresh_mask.mac(pg_catalog.trim_scale(value)::text, domain), 0) % (units - half))
        / 10::numeric ^ pg_catalog.scale(value), pg_catalog.scale(value));
END
$$;

-- A postcode in the value's own format: it begins with 0 (00 from four characters on) or with Q, the rest is
-- hashed. Some places have such a one, and by chance a value gets its own.
CREATE FUNCTION refresh_mask.postcode(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    digits CONSTANT text := pg_catalog.encode(refresh_mask.mac(pg_catalog.lower(value), domain), 'hex');
    mask   text := '';
    symbol text;
    place  int := 0;
BEGIN
    FOREACH symbol IN ARRAY pg_catalog.string_to_array(value, NULL) LOOP
        IF symbol ~ '[0-9]' THEN
            mask := mask || CASE
                WHEN place = 0 OR (place = 1 AND pg_catalog.length(value) >= 4) THEN '0'
                ELSE (pg_catalog.ascii(pg_catalog.substr(digits, place % 64 + 1, 1)) % 10)::text END;
            place := place + 1;
        ELSIF symbol !~ '[-[:space:]./,#]' THEN
            mask := mask || CASE WHEN place = 0 THEN 'Q' ELSE pg_catalog.upper(pg_catalog.translate(
                pg_catalog.substr(digits, place % 64 + 1, 1), '0123456789', 'ghijkmnpqr')) END;
            place := place + 1;
        ELSE
            mask := mask || symbol;
        END IF;
    END LOOP;
    RETURN mask;
END
$$;

-- Filler words as long as the value. With letters (for distinct results): as many letters of its hash first, and
-- then at least as long as those.
CREATE FUNCTION refresh_mask.filler(length int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.left(pg_catalog.repeat(
        'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et '
        'dolore magna aliqua. ', length / 124 + 1), length)
$$;

CREATE FUNCTION refresh_mask.free_text(value text, letters int, domain text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                WHEN letters = 0 THEN refresh_mask.filler(pg_catalog.length(value))
                WHEN pg_catalog.length(value) <= letters + 1 THEN refresh_mask.cased_letters(value, letters, domain)
                ELSE refresh_mask.cased_letters(value, letters, domain) || ' '
                     || refresh_mask.filler(pg_catalog.length(value) - letters - 1) END
$$;
