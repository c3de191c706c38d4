-- E-mail addresses, user names and pseudonyms: letters from a keyed hash, as many as the plan found room for.
-- Parameters: value, letters (how many), domain and, where a function is replaced by its body, its keys. '' stays ''.

-- Only A to Z are folded, by a stated collation: other letters' case depends on locale, provider and version, and the
-- mask mustn't. masking/application_email.py computes the same.
CREATE FUNCTION refresh_mask.email(value text, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE refresh_mask.cased_letters(value COLLATE "C", letters, domain, key) || '@example.com' END
$$;

CREATE FUNCTION refresh_mask.username(value text, prefix text, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE prefix || refresh_mask.cased_letters(value, letters, domain, key) END
$$;

CREATE FUNCTION refresh_mask.pseudonym(value text, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value ELSE refresh_mask.cased_letters(value, letters, domain, key) END
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

-- An address at a host that the policy names.
CREATE FUNCTION refresh_mask.email_at(value text, host text, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE refresh_mask.cased_letters(value COLLATE "C", letters, domain, key) || '@' || host END
$$;

-- An address at its own host; at example.com where it has none, or where "width" has no room for it.
CREATE FUNCTION refresh_mask.email_keeping_host(value text, width int, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE refresh_mask.cased_letters(value COLLATE "C", letters, domain, key) || '@' || CASE
                    WHEN value LIKE '%@_%' AND letters + 1 + pg_catalog.length(refresh_mask.host_of(value)) <= width
                    THEN refresh_mask.host_of(value) ELSE 'example.com' END END
$$;

-- An address at a host that stands for its own: ten letters of the host's keyed hash under a reserved ending.
CREATE FUNCTION refresh_mask.email_mapping_host(value text, ending text, letters int, domain text, key bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN value
                ELSE refresh_mask.cased_letters(value COLLATE "C", letters, domain, key) || '@'
                     || refresh_mask.letters(refresh_mask.mac(refresh_mask.host_of(value), domain), 10)
                     || '.' || ending END
$$;

-- What stands behind an address's last @, in lower case.
CREATE FUNCTION refresh_mask.host_of(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.lower(pg_catalog.reverse(pg_catalog.split_part(pg_catalog.reverse(value), '@', 1)))
$$;

-- A UUID in a text, in the value's own case: of a text that is a UUID the same as of the UUID itself.
CREATE FUNCTION refresh_mask.uuid(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded CONSTANT text := pg_catalog.lower(value);
    digits CONSTANT text := pg_catalog.encode(refresh_mask.mac(folded, domain), 'hex');
    mask   CONSTANT text := pg_catalog.substr(digits, 1, 8) || '-' || pg_catalog.substr(digits, 9, 4)
        || '-4' || pg_catalog.substr(digits, 14, 3) || '-8' || pg_catalog.substr(digits, 18, 3)
        || '-' || pg_catalog.substr(digits, 21, 12);
BEGIN
    RETURN CASE WHEN value = '' THEN value
                WHEN value <> folded COLLATE "C" AND value = pg_catalog.upper(value) COLLATE "C"
                THEN pg_catalog.upper(mask) ELSE mask END;
END
$$;

-- Hex digits for hex digits, else letters and digits: as many as the value has, and "letters" at least.
CREATE FUNCTION refresh_mask.token(value text, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    length CONSTANT int := GREATEST(pg_catalog.length(value), letters);
    is_hex CONSTANT bool := pg_catalog.translate(value, '0123456789abcdef', '') = '';
    bytes  bytea := refresh_mask.mac(value, domain);
    block  bytea := bytes;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    WHILE pg_catalog.octet_length(bytes) < length LOOP
        block := pg_catalog.sha256(block || '\x01'::bytea);
        bytes := bytes || block;
    END LOOP;
    RETURN pg_catalog.left(
        CASE WHEN is_hex THEN pg_catalog.encode(bytes, 'hex')
             WHEN pg_catalog.translate(value, '0123456789ABCDEF', '') = ''
             THEN pg_catalog.upper(pg_catalog.encode(bytes, 'hex'))
             ELSE pg_catalog.translate(pg_catalog.encode(bytes, 'base64'), E'+/=\n', 'Qz') END,
        length);
END
$$;

-- The same scheme (http, https or ftp) at example.com, and a path of the value's own shape. With letters (for
-- distinct results) these come first in the path. Cut to "width".
CREATE FUNCTION refresh_mask.url(value text, width int, letters int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    scheme CONSTANT text := COALESCE(pg_catalog.lower(pg_catalog.substring(value, '^[A-Za-z][A-Za-z0-9+.-]*://')), '');
    rest   text := pg_catalog.substr(value, pg_catalog.length(scheme) + 1);
BEGIN
    IF value = '' THEN RETURN value; END IF;
    rest := pg_catalog.translate(
        pg_catalog.regexp_replace(COALESCE(pg_catalog.substring(rest, '[/?#].*$'), ''), '%[0-9A-Fa-f]{2}', 'x', 'g'),
        E'\r\n', '');
    RETURN pg_catalog.left(
        CASE WHEN scheme IN ('', 'http://', 'https://', 'ftp://') THEN scheme ELSE 'https://' END || 'example.com'
        || CASE WHEN letters > 0 THEN '/' || refresh_mask.cased_letters(value, letters, domain) ELSE '' END
        || CASE WHEN rest = '' THEN '' ELSE refresh_mask.shaped(rest, 0, 1, refresh_mask.mac(value, domain)) END,
        width);
END
$$;
