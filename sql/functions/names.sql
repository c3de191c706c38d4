-- Names and places from our word lists (functions first_names(), last_names(), streets() and cities(), made from
-- sql/functions/words/). Never the value itself.
-- Parameters: value, width (characters that fit), letters (appended so that results are distinct; 0 for none),
--             domain. '' stays ''.
CREATE FUNCTION refresh_mask.pick(words text[], number bigint, value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    place int  := number % pg_catalog.cardinality(words);
    word  text := words[place + 1];
BEGIN
    IF pg_catalog.lower(word) = pg_catalog.lower(value) THEN
        word := words[(place + 1) % pg_catalog.cardinality(words) + 1];
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
        refresh_mask.pick(refresh_mask.first_names(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), value),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.last_name(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.last_names(),
                          refresh_mask.number_at(refresh_mask.mac(pg_catalog.lower(value), domain), 16), value),
        value, width, letters, domain);
END
$$;

CREATE FUNCTION refresh_mask.city(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value = '' THEN RETURN value; END IF;
    RETURN refresh_mask.fit(
        refresh_mask.pick(refresh_mask.cities(),
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
        refresh_mask.pick(refresh_mask.first_names(), refresh_mask.number_at(mac, 16),
                          pg_catalog.split_part(value, ' ', 1))
        || ' ' || refresh_mask.pick(refresh_mask.last_names(), refresh_mask.number_at(mac, 24), ''),
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
        number || ' ' || refresh_mask.pick(refresh_mask.streets(), refresh_mask.number_at(mac, 16), ''),
        value, width, letters, domain);
END
$$;
