-- Numbers of a reserved range: phone numbers, SSNs, IPv4 addresses. A value gets a slot of the range.
--
-- Its hash points at a slot. Where results must be distinct, the few values whose slots are contested are moved,
-- before the pass: refresh_mask.moved_slots holds them. Slots that raw values themselves stand for are contested
-- too, so no mask is another's raw value.

CREATE UNLOGGED TABLE refresh_mask.contested_slots (
    slot bigint NOT NULL
);

-- Values that are being given another slot than their hash's; NULL until they have it.
CREATE UNLOGGED TABLE refresh_mask.moving_values (
    number bigint NOT NULL,
    mark   bigint NOT NULL,
    slot   bigint
);

-- The slots that their next hashes point at.
CREATE UNLOGGED TABLE refresh_mask.next_slots (
    number bigint NOT NULL,
    mark   bigint NOT NULL,
    round  int    NOT NULL,
    slot   bigint NOT NULL
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
-- stands for, -1 for none. Gives every value of one capacity a slot of its own: the one that its hash points at, else
-- one of its next hashes, else any free one.
-- Parameters: domain, capacity, needed (rows of that capacity), some_own (whether a value of them stands for a slot).
-- Result: how many values there are at most, and how many slots they may have. Where values exceed slots, none is moved.
CREATE FUNCTION refresh_mask.settle_slots(domain text, capacity bigint, INOUT needed bigint, some_own bool,
                                          OUT free bigint)
-- The planner takes the few values that move for a single one, and would look through all values for each.
LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    slots CONSTANT bigint := capacity;
BEGIN
    free := slots;
    IF some_own THEN
        SELECT free - pg_catalog.count(DISTINCT h.own) INTO free FROM refresh_mask.hashed_values h
         WHERE h.capacity = slots AND h.own >= 0;
    END IF;
    IF needed > free THEN
        SELECT pg_catalog.count(*) INTO needed FROM (
            SELECT DISTINCT h.number, h.mark FROM refresh_mask.hashed_values h WHERE h.capacity = slots) v;
    END IF;
    IF needed > free THEN
        RETURN;
    END IF;

    -- Slots that more than one row points at, be it with one value, or that a value stands for.
    TRUNCATE refresh_mask.contested_slots;
    SET LOCAL enable_hashagg = off;  -- to sort numbers costs less than to hash them
    INSERT INTO refresh_mask.contested_slots (slot)
    SELECT h.number % slots FROM refresh_mask.hashed_values h WHERE h.capacity = slots
     GROUP BY 1 HAVING pg_catalog.count(*) > 1;
    SET LOCAL enable_hashagg = on;
    IF some_own THEN
        INSERT INTO refresh_mask.contested_slots (slot)
        SELECT DISTINCT h.own FROM refresh_mask.hashed_values h WHERE h.capacity = slots AND h.own >= 0
        EXCEPT SELECT c.slot FROM refresh_mask.contested_slots c;
    END IF;
    ANALYZE refresh_mask.contested_slots;

    -- Of those that contest a slot which no value stands for, the first keeps it.
    TRUNCATE refresh_mask.moving_values;
    INSERT INTO refresh_mask.moving_values (number, mark)
    SELECT ranked.number, ranked.mark
      FROM (SELECT v.number, v.mark, v.slot,
                   pg_catalog.row_number() OVER (PARTITION BY v.slot ORDER BY v.number, v.mark) AS place
              FROM (SELECT DISTINCT h.number, h.mark, c.slot
                      FROM refresh_mask.contested_slots c
                      JOIN refresh_mask.hashed_values h ON h.number % slots = c.slot
                     WHERE h.capacity = slots) v) ranked
     WHERE ranked.place > 1
        OR some_own AND ranked.slot IN (SELECT t.own FROM refresh_mask.hashed_values t
                                         WHERE t.capacity = slots AND t.own >= 0);

    -- Four hashes at once, because to see which slots are in use reads all values.
    FOR batch IN 0 .. 4 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM refresh_mask.moving_values m WHERE m.slot IS NULL);
        TRUNCATE refresh_mask.next_slots;
        INSERT INTO refresh_mask.next_slots (number, mark, round, slot)
        SELECT m.number, m.mark, round,
               refresh_mask.number_at(pg_catalog.sha256(pg_catalog.int8send(m.number) || pg_catalog.int8send(m.mark)
                                                        || pg_catalog.int4send(round)), 0) % slots
          FROM refresh_mask.moving_values m, pg_catalog.generate_series(4 * batch + 1, 4 * batch + 4) round
         WHERE m.slot IS NULL;
        ANALYZE refresh_mask.next_slots;
        DELETE FROM refresh_mask.next_slots n USING refresh_mask.used_slots(slots, some_own) used
         WHERE used.slot = n.slot;
        FOR this_round IN 4 * batch + 1 .. 4 * batch + 4 LOOP
            UPDATE refresh_mask.moving_values m SET slot = ranked.slot
              FROM (SELECT n.number, n.mark, n.slot,
                           pg_catalog.row_number() OVER (PARTITION BY n.slot ORDER BY n.number, n.mark) AS place
                      FROM refresh_mask.next_slots n
                      JOIN refresh_mask.moving_values u ON u.number = n.number AND u.mark = n.mark AND u.slot IS NULL
                     WHERE n.round = this_round) ranked
             WHERE m.number = ranked.number AND m.mark = ranked.mark AND ranked.place = 1
               AND NOT EXISTS (SELECT FROM refresh_mask.moving_values o WHERE o.slot = ranked.slot);
        END LOOP;
    END LOOP;

    IF EXISTS (SELECT FROM refresh_mask.moving_values m WHERE m.slot IS NULL) THEN
        UPDATE refresh_mask.moving_values m SET slot = free.slot
          FROM (SELECT n.number, n.mark, pg_catalog.row_number() OVER (ORDER BY n.number, n.mark) AS place
                  FROM refresh_mask.moving_values n WHERE n.slot IS NULL) unsettled,
               (SELECT g.slot, pg_catalog.row_number() OVER (ORDER BY g.slot) AS place
                  FROM (SELECT pg_catalog.generate_series(0, slots - 1)
                        EXCEPT SELECT o.slot FROM refresh_mask.moving_values o WHERE o.slot IS NOT NULL
                        EXCEPT SELECT used.slot FROM refresh_mask.used_slots(slots, some_own) used) g (slot)) free
         WHERE m.number = unsettled.number AND m.mark = unsettled.mark AND free.place = unsettled.place;
    END IF;

    INSERT INTO refresh_mask.moved_slots (domain, capacity, number, mark, slot)
    SELECT settle_slots.domain, slots, m.number, m.mark, m.slot FROM refresh_mask.moving_values m;
END
$$;

-- Fills the filter of a domain whose values have all been given their slots.
CREATE FUNCTION refresh_mask.fill_moved_filter(domain text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    moved CONSTANT bigint := (
        SELECT GREATEST(pg_catalog.count(*), 64) FROM refresh_mask.moved_slots m WHERE m.domain = fill_moved_filter.domain);
    -- 128 bits for each moved value, so that few others have their bit set too, and are looked up for nothing; fewer, but
    -- 16 still, where that would be more than a processor has at hand.
    bytes CONSTANT bigint :=
        2 ^ pg_catalog.ceil(pg_catalog.log(2, GREATEST(LEAST(16 * moved, 256 * 1024), 2 * moved)));
BEGIN
    INSERT INTO refresh_mask.moved_filters (domain, bits)
    SELECT fill_moved_filter.domain,
           pg_catalog.string_agg(pg_catalog.set_byte('\x00', 0, COALESCE(filled.bits, 0)), ''::bytea ORDER BY place)
      FROM pg_catalog.generate_series(0, bytes - 1) place
      LEFT JOIN (SELECT (m.mark & (8 * bytes - 1)) / 8 AS place, pg_catalog.bit_or(1 << (m.mark & 7)::int) AS bits
                   FROM refresh_mask.moved_slots m WHERE m.domain = fill_moved_filter.domain GROUP BY 1) filled
           USING (place);
    ANALYZE refresh_mask.moved_slots;
END
$$;

-- Slots that a hash points at, or that a value stands for.
CREATE FUNCTION refresh_mask.used_slots(capacity bigint, some_own bool) RETURNS TABLE (slot bigint)
LANGUAGE sql STABLE ROWS 1000000 AS $$
    SELECT h.number % h.capacity FROM refresh_mask.hashed_values h WHERE h.capacity = used_slots.capacity
     UNION ALL
    SELECT h.own FROM refresh_mask.hashed_values h
     WHERE used_slots.some_own AND h.capacity = used_slots.capacity AND h.own >= 0
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
