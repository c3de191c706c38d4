-- Numbers of a reserved range: phone numbers, SSNs, IPv4 addresses. A value gets a slot of the range.
--
-- Where results must be distinct, the plan asks for a map: refresh_mask.slots holds every value's slot, found
-- before the pass. Slots that raw values themselves stand for are taken there, so no mask is another's raw value.
CREATE TABLE refresh_mask.slots (
    domain   text   NOT NULL,
    capacity bigint NOT NULL,
    mac      bytea  NOT NULL,
    slot     bigint NOT NULL,
    settled  bool   NOT NULL DEFAULT false,
    PRIMARY KEY (domain, capacity, mac)
);

CREATE TABLE refresh_mask.taken_slots (
    domain   text   NOT NULL,
    capacity bigint NOT NULL,
    slot     bigint NOT NULL,
    PRIMARY KEY (domain, capacity, slot)
);

-- Gives every value of a domain a slot of its own: the one that its hash points at, else one of its next hashes,
-- else any free one. Result: per capacity, how many values there are and how many slots they may have; where
-- values exceed slots, nothing is settled.
CREATE FUNCTION refresh_mask.settle_slots(domain text)
RETURNS TABLE (capacity bigint, needed bigint, free bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    space record;
    round int;
BEGIN
    FOR space IN
        SELECT s.capacity, pg_catalog.count(*) AS needed, s.capacity - COALESCE(max(t.taken), 0) AS free
          FROM refresh_mask.slots s
          LEFT JOIN (SELECT t.capacity, pg_catalog.count(*) AS taken FROM refresh_mask.taken_slots t
                      WHERE t.domain = settle_slots.domain GROUP BY t.capacity) t ON t.capacity = s.capacity
         WHERE s.domain = settle_slots.domain GROUP BY s.capacity
    LOOP
        capacity := space.capacity; needed := space.needed; free := space.free;
        RETURN NEXT;
        CONTINUE WHEN space.needed > space.free;
        round := 0;
        LOOP
            UPDATE refresh_mask.slots s SET settled = true
              FROM (SELECT c.mac, pg_catalog.row_number() OVER (PARTITION BY c.slot ORDER BY c.settled DESC, c.mac) AS place
                      FROM refresh_mask.slots c
                     WHERE c.domain = settle_slots.domain AND c.capacity = space.capacity) ranked
             WHERE s.domain = settle_slots.domain AND s.capacity = space.capacity AND s.mac = ranked.mac
               AND ranked.place = 1 AND NOT s.settled
               AND NOT EXISTS (SELECT FROM refresh_mask.taken_slots t
                                WHERE t.domain = s.domain AND t.capacity = s.capacity AND t.slot = s.slot);
            round := round + 1;
            EXIT WHEN round > 20 OR NOT EXISTS (
                SELECT FROM refresh_mask.slots s
                 WHERE s.domain = settle_slots.domain AND s.capacity = space.capacity AND NOT s.settled);
            UPDATE refresh_mask.slots s
               SET slot = refresh_mask.number_at(pg_catalog.sha256(s.mac || pg_catalog.int4send(round)), 0) % s.capacity
             WHERE s.domain = settle_slots.domain AND s.capacity = space.capacity AND NOT s.settled;
        END LOOP;
        IF round > 20 THEN
            UPDATE refresh_mask.slots s SET settled = true, slot = free.slot
              FROM (SELECT u.mac, pg_catalog.row_number() OVER (ORDER BY u.mac) AS place FROM refresh_mask.slots u
                     WHERE u.domain = settle_slots.domain AND u.capacity = space.capacity AND NOT u.settled) unsettled,
                   (SELECT g.slot, pg_catalog.row_number() OVER (ORDER BY g.slot) AS place
                      FROM pg_catalog.generate_series(0, space.capacity - 1) g (slot)
                     WHERE NOT EXISTS (SELECT FROM refresh_mask.slots o
                                        WHERE o.domain = settle_slots.domain AND o.capacity = space.capacity
                                          AND o.settled AND o.slot = g.slot)
                       AND NOT EXISTS (SELECT FROM refresh_mask.taken_slots t
                                        WHERE t.domain = settle_slots.domain AND t.capacity = space.capacity
                                          AND t.slot = g.slot)) free
             WHERE s.domain = settle_slots.domain AND s.capacity = space.capacity AND s.mac = unsettled.mac
               AND free.place = unsettled.place;
        END IF;
    END LOOP;
END
$$;

-- Parameters: canonical (what counts of a value), capacity of the range, own (the slot that the value itself
--             stands for; -1 for none), domain.
CREATE FUNCTION refresh_mask.slot(canonical text, capacity bigint, own bigint, domain text) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    hash  CONSTANT bytea := refresh_mask.mac(canonical, domain);
    found_slot bigint;
BEGIN
    IF pg_catalog.current_setting('refresh_mask.mapped_' || domain, true) = 'on' THEN
        SELECT s.slot INTO STRICT found_slot FROM refresh_mask.slots s
         WHERE s.domain = slot.domain AND s.capacity = slot.capacity AND s.mac = hash;
        RETURN found_slot;
    END IF;
    found_slot := refresh_mask.number_at(hash, 0) % capacity;
    RETURN CASE WHEN found_slot = own THEN (found_slot + 1) % capacity ELSE found_slot END;
END
$$;

-- "template" with its digits replaced, in order, by those of "digits", and whatever isn't a digit, a space or
-- common punctuation by x. The commonest templates go a shorter way.
CREATE FUNCTION refresh_mask.fill(template text, digits text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    CASE pg_catalog.translate(template, '123456789', '000000000')
        WHEN '000000000', '0000000000', '00000000000' THEN
            RETURN digits;
        WHEN '000-00-0000' THEN
            RETURN pg_catalog.substr(digits, 1, 3) || '-' || pg_catalog.substr(digits, 4, 2) || '-'
                   || pg_catalog.substr(digits, 6);
        WHEN '000-000-0000' THEN
            RETURN pg_catalog.substr(digits, 1, 3) || '-' || pg_catalog.substr(digits, 4, 3) || '-'
                   || pg_catalog.substr(digits, 7);
        WHEN '(000) 000-0000' THEN
            RETURN '(' || pg_catalog.substr(digits, 1, 3) || ') ' || pg_catalog.substr(digits, 4, 3) || '-'
                   || pg_catalog.substr(digits, 7);
        ELSE
            RETURN pg_catalog.format(
                pg_catalog.regexp_replace(
                    pg_catalog.regexp_replace(template, '[^-0-9 ()+./#,;:_*]', 'x', 'g'), '[0-9]', '%s', 'g'),
                VARIADIC pg_catalog.string_to_array(digits, NULL));
    END CASE;
END
$$;

-- The digits of a text.
CREATE FUNCTION refresh_mask.digits_of(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.translate(value, pg_catalog.translate(value, '0123456789', ''), '')
$$;

-- An SSN of an area that is never issued (9xx), in the value's own format. With another number of digits than
-- nine: 9 and hashed digits.
CREATE FUNCTION refresh_mask.ssn_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                       OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    digits := refresh_mask.digits_of(value);
    canonical := pg_catalog.translate(value, '- ./', '');
    IF canonical <> digits THEN
        canonical := pg_catalog.regexp_replace(pg_catalog.lower(value), '[^[:alnum:]]', '', 'g');
    END IF;
    capacity := 10 ^ LEAST(GREATEST(pg_catalog.length(digits) - 1, 0), 16);
    own := CASE WHEN pg_catalog.left(digits, 1) = '9' AND pg_catalog.length(digits) BETWEEN 2 AND 17 THEN pg_catalog.substr(digits, 2)::bigint ELSE -1 END;
END
$$;

CREATE FUNCTION refresh_mask.ssn(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space  record;
    length int;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.ssn_space(value);
    length := pg_catalog.length(space.digits);
    IF length = 0 THEN RETURN refresh_mask.fill(value, ''); END IF;
    RETURN refresh_mask.fill(value, pg_catalog.rpad('9' || CASE WHEN length > 1 THEN pg_catalog.lpad(
        refresh_mask.slot(space.canonical, space.capacity, space.own, domain)::text, LEAST(length, 17) - 1, '0')
        ELSE '' END, length, '0'));
END
$$;

-- A phone number reserved for fiction, 555-0100 to 555-0199 in any area code, in the value's own format. Digits
-- before the last ten are 0, and 1 where there are eleven. From seven to nine digits: 555-01xx. Fewer: 0 and
-- hashed digits.
CREATE FUNCTION refresh_mask.phone_digits(length int, slot bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN length >= 11 THEN pg_catalog.lpad('1', length - 10, '0') || (200 + slot / 100) || '55501'
                               || pg_catalog.lpad((slot % 100)::text, 2, '0')
        WHEN length = 10 THEN (200 + slot / 100) || '55501' || pg_catalog.lpad((slot % 100)::text, 2, '0')
        WHEN length >= 7 THEN pg_catalog.lpad('55501' || pg_catalog.lpad(slot::text, 2, '0'), length, '0')
        ELSE pg_catalog.lpad(slot::text, length, '0') END
$$;

CREATE FUNCTION refresh_mask.phone_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                         OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    length int;
BEGIN
    digits := refresh_mask.digits_of(value);
    canonical := digits;
    length := pg_catalog.length(digits);
    capacity := CASE WHEN length >= 10 THEN 80000 WHEN length >= 7 THEN 100
                     ELSE (10 ^ GREATEST(length - 1, 0))::bigint END;
    own := CASE WHEN length >= 10 AND digits ~ '[2-9][0-9]{2}55501[0-9]{2}$'
                THEN (pg_catalog.left(pg_catalog.right(digits, 10), 3)::bigint - 200) * 100
                     + pg_catalog.right(digits, 2)::bigint
                WHEN length BETWEEN 7 AND 9 AND digits ~ '55501[0-9]{2}$' THEN pg_catalog.right(digits, 2)::bigint
                WHEN length BETWEEN 2 AND 6 AND digits ~ '^0' THEN digits::bigint
                ELSE -1 END;
END
$$;

CREATE FUNCTION refresh_mask.phone(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space record;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.phone_space(value);
    IF space.digits = '' THEN RETURN refresh_mask.fill(value, ''); END IF;
    RETURN refresh_mask.fill(value, refresh_mask.phone_digits(
        pg_catalog.length(space.digits),
        refresh_mask.slot(space.canonical, space.capacity, space.own, domain)));
END
$$;

-- An address of a range that is nobody's: 198.18.0.0/15 (benchmarks, RFC 2544), 2001:db8::/32 (documentation,
-- RFC 3849), with the value's own prefix length.
CREATE FUNCTION refresh_mask.ip_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                      OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    canonical := pg_catalog.split_part(pg_catalog.lower(value), '/', 1);
    digits := CASE WHEN canonical ~ ':.*:' THEN '' ELSE canonical END;
    capacity := 131072;
    own := CASE WHEN canonical ~ '^198\.1[89](\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){2}$'
                THEN canonical::inet - '198.18.0.0'::inet ELSE -1 END;
END
$$;

CREATE FUNCTION refresh_mask.ip(value text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space  record;
    digits text;
    suffix CONSTANT text := COALESCE(pg_catalog.substring(value, '/[0-9]{1,3}$'), '');
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.ip_space(value);
    IF space.canonical ~ ':.*:' THEN
        digits := pg_catalog.encode(refresh_mask.mac(space.canonical, domain), 'hex');
        RETURN pg_catalog.host(('2001:db8:' || pg_catalog.substr(digits, 1, 4) || ':' || pg_catalog.substr(digits, 5, 4)
            || ':' || pg_catalog.substr(digits, 9, 4) || ':' || pg_catalog.substr(digits, 13, 4)
            || ':' || pg_catalog.substr(digits, 17, 4) || ':' || pg_catalog.substr(digits, 21, 4))::inet) || suffix;
    END IF;
    RETURN pg_catalog.host('198.18.0.0'::inet
        + refresh_mask.slot(space.canonical, space.capacity, space.own, domain)) || suffix;
END
$$;

CREATE FUNCTION refresh_mask.ip_inet(value inet, domain text) RETURNS inet
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.set_masklen(refresh_mask.ip(pg_catalog.host(value), domain)::inet, pg_catalog.masklen(value))
$$;
