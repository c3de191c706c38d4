-- What belongs together is made from one hash of one value, so that it does wherever that value is.
-- Parameters: value, width (characters that fit), letters (so that results are distinct; 0 for none), domain.
-- '' stays ''. A name may by chance be the raw one: whoever has only the e-mail address couldn't tell another.
CREATE FUNCTION refresh_mask.person_first_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.first_names_padded(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), ''),
        value, width, letters, domain) END
$$;

CREATE FUNCTION refresh_mask.person_last_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.last_names_padded(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 24), ''),
        value, width, letters, domain) END
$$;

CREATE FUNCTION refresh_mask.person_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mac CONSTANT bytea := refresh_mask.mac(pg_catalog.lower(value), domain);
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.first_names_padded(), refresh_mask.number_at(mac, 16), '')
        || ' ' || refresh_mask.pick(refresh_mask.last_names_padded(), refresh_mask.number_at(mac, 24), ''),
        value, width, letters, domain);
END
$$;

-- first.last.letters@example.com; where there is little room, less of the names.
CREATE FUNCTION refresh_mask.person_email(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    names text;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    names := pg_catalog.regexp_replace(pg_catalog.lower(pg_catalog.replace(
        refresh_mask.person_name(value, 2147483647, 0, domain), ' ', '.')), '[^a-z.]', '', 'g');
    names := pg_catalog.rtrim(pg_catalog.left(
        names, GREATEST(width - letters - 1 - pg_catalog.length('@example.com'), 0)), '.');
    RETURN CASE WHEN names = '' THEN '' ELSE names || '.' END
        || refresh_mask.cased_letters(value, letters, domain) || '@example.com';
END
$$;

-- A town and its postcode, which no country has: 00 and the town's place in our list.
CREATE FUNCTION refresh_mask.place_city(value text, width int, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.cities_padded(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), ''),
        value, width, letters, domain) END
$$;

CREATE FUNCTION refresh_mask.place_postcode(value text, width int, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE pg_catalog.left('00' || pg_catalog.lpad(
        (refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16)
         % (pg_catalog.octet_length(refresh_mask.cities_padded()) / 18))::text, 3, '0'), width) END
$$;

-- The country of the town that place_city gives for the same value. In a column of three characters and less a
-- code that ISO 3166 leaves to users (AA, QM to QZ, XA to XZ, ZZ, and such a one with another letter), else a
-- made-up name.
CREATE FUNCTION refresh_mask.place_country(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    number CONSTANT bigint := refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16);
    place  CONSTANT int := number % 42;
    code   text;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    IF width > 3 THEN
        RETURN pg_catalog.left(refresh_mask.pick(refresh_mask.last_names_padded(), number, '') || 'ia', width);
    END IF;
    code := CASE WHEN place < 26 THEN 'X' || pg_catalog.chr(65 + place)
                 WHEN place < 40 THEN 'Q' || pg_catalog.chr(77 + place - 26)
                 WHEN place = 40 THEN 'AA' ELSE 'ZZ' END;
    RETURN pg_catalog.left(code || pg_catalog.chr((65 + number / 42 % 26)::int), width);
END
$$;
