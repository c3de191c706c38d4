-- Numbers of a reserved range: phone numbers, SSNs, IPv4 addresses. A value gets a slot of the range.
--
-- Its hash points at a slot. Where results must be distinct, the few values whose slots are contested are moved,
-- before the pass: refresh_mask.moved_slots holds them. Slots that raw values themselves stand for are contested
-- too, so no mask is another's raw value.

CREATE UNLOGGED TABLE refresh_mask.contested_slots (
    slot bigint NOT NULL
);

-- Values that are being given another slot than their hash's.
CREATE UNLOGGED TABLE refresh_mask.moving_values (
    number  bigint NOT NULL,
    mark    bigint NOT NULL,
    slot    bigint NOT NULL,
    settled bool   NOT NULL
);

CREATE UNLOGGED TABLE refresh_mask.moved_slots (
    domain   text   NOT NULL,
    capacity bigint NOT NULL,
    number   bigint NOT NULL,
    mark     bigint NOT NULL,
    slot     bigint NOT NULL,
    PRIMARY KEY (domain, capacity, number, mark)
);

-- Per domain, a Bloom filter of one hash (B. H. Bloom, CACM 13 (7), 1970) of its moved values' marks: a value whose bit
-- is 0 hasn't been moved.
CREATE UNLOGGED TABLE refresh_mask.moved_filters (
    domain text  PRIMARY KEY,
    bits   bytea NOT NULL
);

-- The filter, in memory; one zero byte where nothing of the domain was moved. Statements call it once.
CREATE FUNCTION refresh_mask.moved_filter(domain text) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE((SELECT f.bits || ''::bytea FROM refresh_mask.moved_filters f WHERE f.domain = moved_filter.domain
                        AND pg_catalog.current_setting('refresh_mask.mapped_' || moved_filter.domain, true) = 'on'),
                    '\x00'::bytea)
$$;

CREATE FUNCTION refresh_mask.some_moved(domain text) RETURNS bool
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.octet_length(refresh_mask.moved_filter(domain)) > 1
$$;

-- Its last bit's number: its length is a power of two.
CREATE FUNCTION refresh_mask.last_bit(domain text) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT 8 * pg_catalog.octet_length(refresh_mask.moved_filter(domain)) - 1
$$;

-- Whether a value may have been moved.
CREATE FUNCTION refresh_mask.may_be_moved(mark bigint, filter bytea, last_bit bigint) RETURNS bool
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.get_bit(filter, mark & last_bit) = 1
$$;

-- Takes refresh_mask.hashed_values (capacity, number, mark, own), one row for each occurrence of a value of the domain:
-- number % capacity is its hash's slot; mark tells values of one number apart; own is the slot that the value itself
-- stands for, -1 for none. Gives every value a slot of its own: the one that its hash points at, else one of its next
-- hashes, else any free one. Result: per capacity, how many values there are and how many slots they may have; where
-- values exceed slots, none is moved.
CREATE FUNCTION refresh_mask.settle_slots(domain text)
RETURNS TABLE (capacity bigint, needed bigint, free bigint)
-- The planner takes the few values that move for a single one, and would look through all values for each.
LANGUAGE plpgsql SET enable_nestloop = off AS $$
#variable_conflict use_column
DECLARE
    space record;
    bytes bigint;
BEGIN
    FOR space IN
        SELECT h.capacity, pg_catalog.count(*) AS needed, pg_catalog.count(*) FILTER (WHERE h.own >= 0) AS own
          FROM refresh_mask.hashed_values h GROUP BY h.capacity
    LOOP
        capacity := space.capacity; needed := space.needed; free := space.capacity;
        IF space.own > 0 THEN
            SELECT free - pg_catalog.count(DISTINCT h.own) INTO free FROM refresh_mask.hashed_values h
             WHERE h.capacity = space.capacity AND h.own >= 0;
        END IF;
        IF needed > free THEN
            SELECT pg_catalog.count(*) INTO needed FROM (
                SELECT DISTINCT h.number, h.mark FROM refresh_mask.hashed_values h WHERE h.capacity = space.capacity) v;
        END IF;
        RETURN NEXT;
        CONTINUE WHEN needed > free;

        -- Slots that more than one row points at, be it with one value, or that a value stands for.
        TRUNCATE refresh_mask.contested_slots;
        INSERT INTO refresh_mask.contested_slots (slot)
        SELECT DISTINCT sorted.slot
          FROM (SELECT pointed.slot, pg_catalog.lag(pointed.slot) OVER (ORDER BY pointed.slot) AS before
                  FROM (SELECT h.number % space.capacity AS slot FROM refresh_mask.hashed_values h
                         WHERE h.capacity = space.capacity OFFSET 0) pointed) sorted
         WHERE sorted.slot = sorted.before
         UNION
        SELECT h.own FROM refresh_mask.hashed_values h WHERE h.capacity = space.capacity AND h.own >= 0;
        ANALYZE refresh_mask.contested_slots;

        -- Of those that contest a slot which no value stands for, the first keeps it.
        TRUNCATE refresh_mask.moving_values;
        INSERT INTO refresh_mask.moving_values (number, mark, slot, settled)
        SELECT ranked.number, ranked.mark, ranked.slot, false
          FROM (SELECT v.number, v.mark, v.slot,
                       pg_catalog.row_number() OVER (PARTITION BY v.slot ORDER BY v.number, v.mark) AS place
                  FROM (SELECT DISTINCT h.number, h.mark, c.slot
                          FROM refresh_mask.contested_slots c
                          JOIN refresh_mask.hashed_values h ON h.number % space.capacity = c.slot
                         WHERE h.capacity = space.capacity) v) ranked
          LEFT JOIN (SELECT DISTINCT t.own FROM refresh_mask.hashed_values t
                      WHERE t.capacity = space.capacity AND t.own >= 0) taken ON taken.own = ranked.slot
         WHERE ranked.place > 1 OR taken.own IS NOT NULL;

        FOR round IN 1 .. 20 LOOP
            EXIT WHEN NOT EXISTS (SELECT FROM refresh_mask.moving_values m WHERE NOT m.settled);
            UPDATE refresh_mask.moving_values m
               SET slot = refresh_mask.number_at(pg_catalog.sha256(pg_catalog.int8send(m.number)
                              || pg_catalog.int8send(m.mark) || pg_catalog.int4send(round)), 0) % space.capacity
             WHERE NOT m.settled;
            ANALYZE refresh_mask.moving_values;
            UPDATE refresh_mask.moving_values m SET settled = true
              FROM (SELECT n.number, n.mark,
                           pg_catalog.row_number() OVER (PARTITION BY n.slot ORDER BY n.number, n.mark) AS place
                      FROM refresh_mask.moving_values n WHERE NOT n.settled) ranked
             WHERE m.number = ranked.number AND m.mark = ranked.mark AND ranked.place = 1 AND NOT m.settled
               AND NOT EXISTS (SELECT FROM refresh_mask.moving_values o WHERE o.settled AND o.slot = m.slot)
               AND NOT EXISTS (SELECT FROM refresh_mask.used_slots(space.capacity) used WHERE used.slot = m.slot);
        END LOOP;

        IF EXISTS (SELECT FROM refresh_mask.moving_values m WHERE NOT m.settled) THEN
            UPDATE refresh_mask.moving_values m SET settled = true, slot = free.slot
              FROM (SELECT n.number, n.mark, pg_catalog.row_number() OVER (ORDER BY n.number, n.mark) AS place
                      FROM refresh_mask.moving_values n WHERE NOT n.settled) unsettled,
                   (SELECT g.slot, pg_catalog.row_number() OVER (ORDER BY g.slot) AS place
                      FROM (SELECT pg_catalog.generate_series(0, space.capacity - 1)
                            EXCEPT SELECT o.slot FROM refresh_mask.moving_values o WHERE o.settled
                            EXCEPT SELECT used.slot FROM refresh_mask.used_slots(space.capacity) used) g (slot)) free
             WHERE m.number = unsettled.number AND m.mark = unsettled.mark AND free.place = unsettled.place;
        END IF;

        INSERT INTO refresh_mask.moved_slots (domain, capacity, number, mark, slot)
        SELECT settle_slots.domain, space.capacity, m.number, m.mark, m.slot FROM refresh_mask.moving_values m;
    END LOOP;
    ANALYZE refresh_mask.moved_slots;

    -- 16 bits for each moved value: one in 16 others has its bit set too, and is looked up for nothing.
    SELECT 2 ^ pg_catalog.ceil(pg_catalog.log(2, GREATEST(pg_catalog.count(*), 64)) + 1) INTO bytes
      FROM refresh_mask.moved_slots m WHERE m.domain = settle_slots.domain;
    INSERT INTO refresh_mask.moved_filters (domain, bits)
    SELECT settle_slots.domain,
           pg_catalog.string_agg(pg_catalog.set_byte('\x00', 0, COALESCE(filled.bits, 0)), ''::bytea ORDER BY place)
      FROM pg_catalog.generate_series(0, bytes - 1) place
      LEFT JOIN (SELECT (m.mark & (8 * bytes - 1)) / 8 AS place, pg_catalog.bit_or(1 << (m.mark & 7)::int) AS bits
                   FROM refresh_mask.moved_slots m WHERE m.domain = settle_slots.domain GROUP BY 1) filled
           USING (place);
END
$$;

-- Slots that a hash points at, or that a value stands for.
CREATE FUNCTION refresh_mask.used_slots(capacity bigint) RETURNS TABLE (slot bigint)
LANGUAGE sql STABLE ROWS 1000000 AS $$
    SELECT h.number % h.capacity FROM refresh_mask.hashed_values h WHERE h.capacity = used_slots.capacity
     UNION ALL
    SELECT h.own FROM refresh_mask.hashed_values h WHERE h.capacity = used_slots.capacity AND h.own >= 0
$$;

-- Parameters: canonical (what counts of a value), capacity of the range, own (the slot that the value itself
--             stands for; -1 for none), domain.
CREATE FUNCTION refresh_mask.slot(canonical text, capacity bigint, own bigint, domain text) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    hashed CONSTANT bigint := refresh_mask.number_at(refresh_mask.mac(canonical, domain), 0);
    found_slot      bigint := hashed % capacity;
BEGIN
    IF pg_catalog.current_setting('refresh_mask.mapped_' || domain, true) = 'on' THEN
        SELECT m.slot INTO found_slot FROM refresh_mask.moved_slots m
         WHERE m.domain = slot.domain AND m.capacity = slot.capacity AND m.number = hashed
           AND m.mark = refresh_mask.mark(canonical);
        RETURN COALESCE(found_slot, hashed % capacity);
    END IF;
    RETURN CASE WHEN found_slot = own THEN (found_slot + 1) % capacity ELSE found_slot END;
END
$$;

-- Tells values apart that have one number. It is no keyed hash, and stays in the clone.
CREATE FUNCTION refresh_mask.mark(canonical text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.hashtextextended(canonical COLLATE "C", 0)
$$;
