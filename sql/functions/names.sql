-- Names and places from word lists (functions first_names(), last_names() and so on, made of
-- masking/maskers/words.py). Never the value itself.
-- Parameters: value, width (characters that fit), letters (appended so that results are distinct; 0 for none),
--             domain. '' stays ''.
-- A list comes as one string of parts of 18 bytes: the n-th word is found without looking at the others.
CREATE FUNCTION refresh_mask.pick(words bytea, number bigint, value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    count CONSTANT int := pg_catalog.octet_length(words) / 18;
    place CONSTANT int := number % count;
    word  CONSTANT text := pg_catalog.rtrim(pg_catalog.convert_from(pg_catalog.substr(words, place * 18 + 1, 18), 'UTF8'));
BEGIN
    IF pg_catalog.lower(word) = pg_catalog.lower(value) THEN
        RETURN pg_catalog.rtrim(pg_catalog.convert_from(
            pg_catalog.substr(words, (place + 1) % count * 18 + 1, 18), 'UTF8'));
    END IF;
    RETURN word;
END
$$;

CREATE FUNCTION refresh_mask.fit(word text, value text, width int, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN letters = 0 THEN pg_catalog.left(word, width)
                ELSE pg_catalog.rtrim(pg_catalog.left(word, width - letters - 1)) || ' '
                     || refresh_mask.cased_letters(value, letters, domain) END
$$;

CREATE FUNCTION refresh_mask.first_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.first_names_padded(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), value),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.last_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.last_names_padded(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), value),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.city(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.cities_padded(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), value),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.full_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mac CONSTANT bytea := refresh_mask.mac(pg_catalog.lower(value), domain);
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.first_names_padded(), refresh_mask.number_at(mac, 16),
                          pg_catalog.split_part(value, ' ', 1))
        || ' ' || refresh_mask.pick(refresh_mask.last_names_padded(), refresh_mask.number_at(mac, 24), ''),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.street(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mac    CONSTANT bytea := refresh_mask.mac(pg_catalog.lower(value), domain);
    number bigint := 1 + refresh_mask.number_at(mac, 24) % 9999;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    IF pg_catalog.split_part(value, ' ', 1) = number::text THEN
        number := 1 + number % 9999;
    END IF;
    RETURN refresh_mask.fit(
        number || ' ' || refresh_mask.pick(refresh_mask.streets_padded(), refresh_mask.number_at(mac, 16), ''),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.company(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mac CONSTANT bytea := refresh_mask.mac(pg_catalog.lower(value), domain);
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.company_adjectives_padded(), refresh_mask.number_at(mac, 16),
                          pg_catalog.split_part(value, ' ', 1))
        || ' ' || refresh_mask.pick(refresh_mask.company_nouns_padded(), refresh_mask.number_at(mac, 24), ''),
        value, width, letters, domain);
END
$$;
