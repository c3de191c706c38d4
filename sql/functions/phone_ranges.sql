-- Telephone numbers of a range that the policy names: ten places, each a digit, N (2 to 9) or X (0 to 9).

-- A range's number at a place from 0 on.
CREATE FUNCTION refresh_mask.number_in_range(slot bigint, range text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    number text := '';
    place  text;
BEGIN
    FOR i IN REVERSE pg_catalog.length(range)..1 LOOP
        place := pg_catalog.substr(range, i, 1);
        CASE place
            WHEN 'X' THEN number := (slot % 10)::text || number; slot := slot / 10;
            WHEN 'N' THEN number := (slot % 8 + 2)::text || number; slot := slot / 8;
            ELSE number := place || number;
        END CASE;
    END LOOP;
    RETURN number;
END
$$;

-- The place of a number in a range; -1 where it lies outside.
CREATE FUNCTION refresh_mask.place_in_range(number text, range text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    slot  bigint := 0;
    place text;
    digit int;
BEGIN
    FOR i IN 1..pg_catalog.length(range) LOOP
        place := pg_catalog.substr(range, i, 1);
        digit := pg_catalog.substr(number, i, 1)::int;
        CASE
            WHEN place = 'X' THEN slot := slot * 10 + digit;
            WHEN place = 'N' AND digit >= 2 THEN slot := slot * 8 + digit - 2;
            WHEN place = digit::text THEN NULL;
            ELSE RETURN -1;
        END CASE;
    END LOOP;
    RETURN slot;
END
$$;

-- What of a range a number of some digits lies in: all of it, its last seven places, or, below seven, nothing.
CREATE FUNCTION refresh_mask.part_of_range(length int, range text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN length >= 10 THEN range WHEN length >= 7 THEN pg_catalog.right(range, 7) END
$$;

CREATE FUNCTION refresh_mask.phone_range_space(value text, range text, OUT canonical text, OUT digits text,
                                               OUT capacity bigint, OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    part text;
BEGIN
    SELECT space.canonical, space.digits, space.capacity, space.own INTO canonical, digits, capacity, own
      FROM refresh_mask.phone_space(value) space;
    part := refresh_mask.part_of_range(pg_catalog.length(digits), range);
    IF part IS NULL THEN RETURN; END IF;
    capacity := (8 ^ (pg_catalog.length(part) - pg_catalog.length(pg_catalog.replace(part, 'N', '')))
                 * 10 ^ (pg_catalog.length(part) - pg_catalog.length(pg_catalog.replace(part, 'X', ''))))::bigint;
    own := refresh_mask.place_in_range(pg_catalog.right(digits, pg_catalog.length(part)), part);
END
$$;

-- A phone number of a range, in the value's own format; what stands before the range's places is as in phone.
CREATE FUNCTION refresh_mask.phone_in_range(value text, range text, domain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    space  record;
    length int;
    part   text;
    slot   bigint;
BEGIN
    IF value = '' THEN RETURN value; END IF;
    space := refresh_mask.phone_range_space(value, range);
    IF space.digits = '' THEN RETURN refresh_mask.fill(value, ''); END IF;
    length := pg_catalog.length(space.digits);
    slot := refresh_mask.slot(space.canonical, space.capacity, space.own, domain);
    part := refresh_mask.part_of_range(length, range);
    RETURN refresh_mask.fill(value, CASE
        WHEN part IS NULL THEN pg_catalog.lpad(slot::text, length, '0')
        WHEN length > 10 THEN pg_catalog.lpad('1', length - 10, '0') || refresh_mask.number_in_range(slot, part)
        ELSE pg_catalog.lpad(refresh_mask.number_in_range(slot, part), length, '0') END);
END
$$;
