-- What belongs together is made from one hash of one value, so that it does wherever that value is.
-- Parameters: value, number (of its hash), width (characters that fit), letters (so that results are distinct; 0 for
--             none), domain and its key. '' stays ''.
-- A name may by chance be the raw one: whoever has only the e-mail address couldn't tell another.
CREATE FUNCTION refresh_mask.first_name_of(number bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT refresh_mask.pick(refresh_mask.first_names_list(), number % 268435456, '')
$$;

CREATE FUNCTION refresh_mask.last_name_of(number bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT refresh_mask.pick(refresh_mask.last_names_list(), number / 268435456, '')
$$;

CREATE FUNCTION refresh_mask.person_first_name(value text, number bigint, width int, letters int, domain text,
                                               key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.first_name_of(number), value, width, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.person_last_name(value text, number bigint, width int, letters int, domain text,
                                              key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.last_name_of(number), value, width, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.person_name(value text, number bigint, width int, letters int, domain text,
                                         key bytea) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.first_name_of(number) || ' ' || refresh_mask.last_name_of(number),
        value, width, letters, domain, key) END;
END
$$;

-- first.last.letters@example.com; where there is little room, less of the names.
CREATE FUNCTION refresh_mask.person_email(value text, number bigint, width int, letters int, domain text,
                                          key bytea) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    names text;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    names := pg_catalog.regexp_replace(pg_catalog.lower(
        refresh_mask.first_name_of(number) || '.' || refresh_mask.last_name_of(number)), '[^a-z.]', '', 'g');
    names := pg_catalog.rtrim(pg_catalog.left(
        names, GREATEST(width - letters - 1 - pg_catalog.length('@example.com'), 0)), '.');
    RETURN CASE WHEN names = '' THEN '' ELSE names || '.' END
        || refresh_mask.cased_letters(value, letters, domain, key) || '@example.com';
END
$$;

-- A town and its postcode, 00 and the town's place in our list. The postcode may be a real place's.
CREATE FUNCTION refresh_mask.place_city(value text, number bigint, width int, letters int, domain text,
                                        key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.cities_list(), number, ''),
        value, width, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.place_postcode(value text, number bigint, width int, letters int, domain text,
                                            key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE pg_catalog.left('00' || pg_catalog.lpad(
        (number % pg_catalog.jsonb_array_length(refresh_mask.cities_list()))::text, 3, '0'), width) END
$$;

-- The country of the town that place_city gives for the same value. In a column of three characters and less a
-- code that ISO 3166 leaves to users (AA, QM to QZ, XA to XZ, ZZ, and such a one with another letter), else a
-- made-up name.
CREATE FUNCTION refresh_mask.place_country(value text, number bigint, width int, letters int, domain text,
                                           key bytea) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    place  CONSTANT int := number % 42;
    code   text;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    IF width > 3 THEN
        RETURN pg_catalog.left(refresh_mask.pick(refresh_mask.last_names_list(), number, '') || 'ia', width);
    END IF;
    code := CASE WHEN place < 26 THEN 'X' || pg_catalog.chr(65 + place)
                 WHEN place < 40 THEN 'Q' || pg_catalog.chr(77 + place - 26)
                 WHEN place = 40 THEN 'AA' ELSE 'ZZ' END;
    RETURN pg_catalog.left(code || pg_catalog.chr((65 + number / 42 % 26)::int), width);
END
$$;
