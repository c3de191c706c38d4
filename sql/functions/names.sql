-- Names and places from word lists (functions first_names(), last_names() and so on, made of
-- masking/maskers/words.py). Never the value itself.
-- Parameters: value, number (of its hash), width (characters that fit), letters (appended so that results are
--             distinct; 0 for none), domain and its key. '' stays ''.

-- The word that a number points at, or the one after it where that is "unless" in any case. A list comes as a JSON
-- array, of which PostgreSQL finds the n-th element without looking at the others. Its words begin with capitals.
CREATE FUNCTION refresh_mask.pick(words jsonb, number bigint, unless text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(
        NULLIF(words ->> (number % pg_catalog.jsonb_array_length(words))::int, pg_catalog.initcap(unless COLLATE "C")),
        refresh_mask.word_after(words, pg_catalog.initcap(unless COLLATE "C")))
$$;

CREATE FUNCTION refresh_mask.word_after(words jsonb, word text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT words ->> (listed.place % pg_catalog.jsonb_array_length(words))::int
      FROM pg_catalog.jsonb_array_elements_text(words) WITH ORDINALITY AS listed (word, place)
     WHERE listed.word = word_after.word
$$;

CREATE FUNCTION refresh_mask.fit(word text, value text, width int, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.rtrim(pg_catalog.left(word, CASE WHEN letters = 0 THEN width ELSE width - letters - 1 END))
        || CASE WHEN letters = 0 THEN '' ELSE ' '
                || refresh_mask.cased_letters(value, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.first_name(value text, number bigint, width int, letters int, domain text,
                                        key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.first_names_list(), number, value),
        value, width, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.last_name(value text, number bigint, width int, letters int, domain text,
                                       key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.last_names_list(), number, value),
        value, width, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.city(value text, number bigint, width int, letters int, domain text,
                                  key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.cities_list(), number, value),
        value, width, letters, domain, key) END
$$;

-- What needs the number twice is no SQL function: as an argument it would be computed at each place.
CREATE FUNCTION refresh_mask.full_name(value text, number bigint, width int, letters int, domain text,
                                       key bytea) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.first_names_list(), number % 268435456, pg_catalog.split_part(value, ' ', 1))
        || ' ' || refresh_mask.pick(refresh_mask.last_names_list(), number / 268435456, ''),
        value, width, letters, domain, key) END;
END
$$;

CREATE FUNCTION refresh_mask.street(value text, number bigint, width int, letters int, domain text,
                                    key bytea) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        1 + (number + CASE WHEN pg_catalog.split_part(value, ' ', 1) = (1 + number % 9999)::text THEN 1 ELSE 0 END) % 9999
        || ' ' || refresh_mask.pick(refresh_mask.streets_list(), number / 268435456, ''),
        value, width, letters, domain, key) END;
END
$$;

CREATE FUNCTION refresh_mask.company(value text, number bigint, width int, letters int, domain text,
                                     key bytea) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN value = '' THEN value ELSE refresh_mask.fit(
        refresh_mask.pick(refresh_mask.company_adjectives_list(), number % 268435456,
                          pg_catalog.split_part(value, ' ', 1))
        || ' ' || refresh_mask.pick(refresh_mask.company_nouns_list(), number / 268435456, ''),
        value, width, letters, domain, key) END;
END
$$;
