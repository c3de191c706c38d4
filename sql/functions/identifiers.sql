-- E-mail addresses, user names and pseudonyms: letters from a keyed hash, as many as the plan found room for.
-- Parameters: value, letters (how many), domain. '' stays ''.

-- Only A to Z are folded, by a stated collation: other letters' case depends on locale, provider and version, and the
-- mask mustn't. masking/application_email.py computes the same.
CREATE FUNCTION refresh_mask.email(value text, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE refresh_mask.cased_letters(value COLLATE "C", letters, domain) || '@example.com' END
$$;

CREATE FUNCTION refresh_mask.username(value text, prefix text, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE prefix || refresh_mask.cased_letters(value, letters, domain) END
$$;

CREATE FUNCTION refresh_mask.pseudonym(value text, letters int, domain text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.cased_letters(value, letters, domain) END
$$;

-- A version 4 UUID made of 122 bits of the keyed hash.
CREATE FUNCTION refresh_mask.pseudonym_uuid(value uuid, domain text) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    digits CONSTANT text := pg_catalog.encode(refresh_mask.mac(value::text, domain), 'hex');
BEGIN
    RETURN pg_catalog.substr(digits, 1, 12) || '4' || pg_catalog.substr(digits, 14, 3)
        || '8' || pg_catalog.substr(digits, 18, 15);
END
$$;
