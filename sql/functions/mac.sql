-- A keyed hash of a text: SHA-256 of the domain's key, padded to a block of the hash, and the text's bytes in UTF-8
-- (textsend converts to the client's encoding, which every connection of ours sets to that).
--
-- Such a prefix key is as good as HMAC for texts, and half as dear. A cascade keyed in its first block is a pseudorandom
-- function of inputs of which none begins with another (M. Bellare, R. Canetti, H. Krawczyk, "Pseudorandom functions
-- revisited: the cascade construction", FOCS 1996), and none does: SHA-256 pads a message with zero bytes, which no
-- text of PostgreSQL's holds. So nobody extends a hash to that of a longer text, either. Bytes may be given as hex.
-- Parameters: value, domain. Result: 32 bytes. Fails where the session has no key for the domain.
CREATE FUNCTION refresh_mask.mac(value text, domain text) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT refresh_mask.mac(value, refresh_mask.key_of(domain))
$$;

-- The same under a key that a statement takes from the settings once: its masks call (SELECT key_of(…)), which
-- PostgreSQL computes before the first row. Functions with this parameter are replaced by their bodies; so each uses
-- it once.
CREATE FUNCTION refresh_mask.mac(value text, key bytea) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.sha256(key || pg_catalog.textsend(value))
$$;

CREATE FUNCTION refresh_mask.key_of(domain text) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.decode(pg_catalog.current_setting('refresh_mask.key_' || domain), 'hex')
$$;

-- A non-negative number below 2^56 from seven bytes of a hash, from byte "place" on.
CREATE FUNCTION refresh_mask.number_at(mac bytea, place int) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || pg_catalog.encode(pg_catalog.substr(mac, place + 1, 7), 'hex'))::pg_catalog.bit(56)::bigint
$$;

-- The first "count" (up to 43) small letters and digits that a hash stands for, five bits each (collision entropy):
-- its base64 in one case. Replacing two characters costs a third of translating hex digits to letters.
CREATE FUNCTION refresh_mask.letters(mac bytea, count int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.lower(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.left(pg_catalog.encode(mac, 'base64'), count), '+', 'x'), '/', 'z') COLLATE "C")
$$;

-- Letters for a value: alike, but for their case, for values that differ only in case. So two values that are
-- equal after lower() or as citext stay equal after lower(), and two that aren't equal stay unequal.
CREATE FUNCTION refresh_mask.cased_letters(value text, count int, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded CONSTANT text := pg_catalog.lower(value);
    word   CONSTANT text := refresh_mask.letters(refresh_mask.mac(folded, domain), count);
    cases  text;
    cased  text := '';
BEGIN
    IF folded = value COLLATE "C" THEN
        RETURN word;
    END IF;
    cases := pg_catalog.encode(refresh_mask.mac(value, domain), 'hex');
    FOR i IN 1 .. pg_catalog.length(word) LOOP
        cased := cased || CASE WHEN pg_catalog.substr(cases, i, 1) < '8' COLLATE "C"
                               THEN pg_catalog.upper(pg_catalog.substr(word, i, 1))
                               ELSE pg_catalog.substr(word, i, 1) END;
    END LOOP;
    RETURN cased;
END
$$;

-- The same, where the keys are at hand.
CREATE FUNCTION refresh_mask.cased_letters(value text, count int, domain text, key bytea)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.lower(value) = value COLLATE "C"
                THEN refresh_mask.letters(refresh_mask.mac(value, key), count)
                ELSE refresh_mask.cased_letters(value, count, domain) END
$$;

-- A hash of a value in any case and without surrounding spaces: what verification compares.
CREATE FUNCTION refresh_mask.fingerprint(value text, seed bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.hashtextextended(pg_catalog.lower(pg_catalog.btrim(value)), seed)
$$;

CREATE FUNCTION refresh_mask.fingerprint_seed() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT seeds.seed FROM refresh_mask.fingerprint_seeds seeds
$$;
