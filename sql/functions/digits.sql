-- Digits in a value's own format, from a range that is nobody's (slots.sql).

-- "template" with its digits replaced, in order, by those of "digits", and whatever isn't a digit, a space or
-- common punctuation by x. The commonest templates go a shorter way, and nearly all others that of to_char: a pattern's
-- 0 is a digit there, and these separators stand for themselves.
CREATE FUNCTION refresh_mask.fill(template text, digits text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    pattern CONSTANT text := pg_catalog.translate(template, '123456789', '000000000');
BEGIN
    CASE pattern
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
            IF pg_catalog.btrim(pg_catalog.textsend(pattern), '0 -()/+') = '' AND digits <> ''
               AND pg_catalog.length(digits) <= 18 THEN
                RETURN pg_catalog.to_char(digits::bigint, 'FM' || pattern);
            END IF;
            RETURN pg_catalog.format(
                pg_catalog.regexp_replace(
                    pg_catalog.regexp_replace(template, '[^-0-9 ()+./#,;:_*]', 'x', 'g'), '[0-9]', '%s', 'g'),
                VARIADIC pg_catalog.string_to_array(digits, NULL));
    END CASE;
END
$$;

-- The digits of a text. For short ones translate is quicker, and the square of a long one's length slower.
CREATE FUNCTION refresh_mask.digits_of(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.octet_length(value) <= 100
                THEN pg_catalog.translate(value, pg_catalog.translate(value, '0123456789', ''), '')
                ELSE pg_catalog.regexp_replace(value, '[^0-9]', '', 'g') END
$$;

-- An SSN of an area that is never issued (9xx), in the value's own format: 9xx-4x-xxxx, as with other groups the IRS
-- issues ITINs (50 to 65, 70 to 88, 90 to 92, 94 to 99), ATINs (93) and numbers for its own use. With another number of
-- digits than nine: 9 and hashed digits.

-- The formats of nearly all SSNs, 123-45-6789 and 123456789, go a shorter way to the same mask.
CREATE FUNCTION refresh_mask.ssn_is_common(value text) RETURNS bool
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE pg_catalog.octet_length(value)
               WHEN 11 THEN value LIKE '___-__-____' AND value NOT LIKE '%-%-%-%'
                            AND refresh_mask.has_only(value, '0123456789-')
               WHEN 9 THEN refresh_mask.has_only(value, '0123456789')
               ELSE false END
       AND value NOT LIKE '9%'
$$;

-- Whether a value holds no other characters than some ASCII ones: quicker than a regular expression.
CREATE FUNCTION refresh_mask.has_only(value text, characters bytea) RETURNS bool
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.btrim(pg_catalog.textsend(value), characters) = ''
$$;

CREATE FUNCTION refresh_mask.ssn_canonical(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.replace(value, '-', '')
$$;

-- Parameters: value, number (of its canonical form's hash), domain, whether values of it were moved, the filter that
--             tells which, and that one's last bit.
CREATE FUNCTION refresh_mask.ssn(value text, number bigint, domain text, some_moved bool, filter bytea, last_bit bigint)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN refresh_mask.ssn_is_common(value)
                     AND NOT (some_moved AND refresh_mask.may_be_moved(
                         refresh_mask.mark(refresh_mask.ssn_canonical(value)), filter, last_bit))
                THEN pg_catalog.overlay(pg_catalog.overlay((90000000 + number % 10000000)::text,
                         CASE WHEN pg_catalog.octet_length(value) = 9 THEN '4' ELSE '-4' END, 4, 0),
                         CASE WHEN pg_catalog.octet_length(value) = 9 THEN '' ELSE '-' END, 7, 0)
                ELSE refresh_mask.ssn(value, domain) END
$$;

CREATE FUNCTION refresh_mask.ssn_space(value text, OUT canonical text, OUT digits text, OUT capacity bigint,
                                       OUT own bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    digits := refresh_mask.digits_of(value);
    canonical := pg_catalog.translate(value, '- ./', '');
    IF canonical <> digits THEN
        canonical := pg_catalog.regexp_replace(pg_catalog.lower(value), '[^[:alnum:]]', '', 'g');
    END IF;
    IF pg_catalog.length(digits) = 9 THEN
        capacity := 10000000;
        own := CASE WHEN digits LIKE '9__4%'
                    THEN (pg_catalog.substr(digits, 2, 2) || pg_catalog.substr(digits, 5))::bigint ELSE -1 END;
        RETURN;
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
    IF length = 9 THEN
        RETURN refresh_mask.fill(value, pg_catalog.overlay(
            (90000000 + refresh_mask.slot(space.canonical, space.capacity, space.own, domain))::text, '4', 4, 0));
    END IF;
    RETURN refresh_mask.fill(value, pg_catalog.rpad('9' || CASE WHEN length > 1 THEN pg_catalog.lpad(
        refresh_mask.slot(space.canonical, space.capacity, space.own, domain)::text, LEAST(length, 17) - 1, '0')
        ELSE '' END, length, '0'));
END
$$;

-- A phone number reserved for fiction, 555-0100 to 555-0199 in any area code, in the value's own format. Digits
-- before the last ten are 0, and 1 where there are eleven. From seven to nine digits: 555-01xx. Fewer: 0 and
-- hashed digits.
--
-- The commonest formats of ten digits, and of eleven with +1, go a shorter way to the same mask; numbers that may lie
-- in the reserved range don't.
CREATE FUNCTION refresh_mask.phone_has_common_format(value text) RETURNS bool
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE pg_catalog.octet_length(value)
               WHEN 10 THEN refresh_mask.has_only(value, '0123456789')
               WHEN 12 THEN value LIKE '___-___-____' AND value NOT LIKE '%-%-%-%'
                            AND refresh_mask.has_only(value, '0123456789-')
               WHEN 14 THEN value LIKE '(___) ___-____'
                            AND refresh_mask.has_only(pg_catalog.replace(pg_catalog.substr(value, 2), ') ', ''), '0123456789-')
                            AND value NOT LIKE '%-%-%' AND value NOT LIKE '%) %) %'
               WHEN 15 THEN value LIKE '+1 ___-___-____' AND value NOT LIKE '%-%-%-%'
                            AND refresh_mask.has_only(pg_catalog.substr(value, 4), '0123456789-')
               WHEN 17 THEN value LIKE '+1 (___) ___-____' AND value NOT LIKE '%-%-%' AND value NOT LIKE '%) %) %'
                            AND refresh_mask.has_only(pg_catalog.replace(pg_catalog.substr(value, 5), ') ', ''), '0123456789-')
               ELSE false END
$$;

CREATE FUNCTION refresh_mask.phone_is_common(value text) RETURNS bool
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT refresh_mask.phone_has_common_format(value) AND pg_catalog.strpos(value, '555') = 0
$$;

-- Of a common format, and of the range that is set apart: byte 50 is the digit 2.
CREATE FUNCTION refresh_mask.phone_is_common_and_reserved(value text) RETURNS bool
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT refresh_mask.phone_has_common_format(value)
       AND (value LIKE '%555-01__' OR value LIKE '%55501__')
       AND pg_catalog.get_byte(pg_catalog.textsend(value),
               CASE pg_catalog.octet_length(value) WHEN 14 THEN 1 WHEN 15 THEN 3 WHEN 17 THEN 4 ELSE 0 END) >= 50
$$;

CREATE FUNCTION refresh_mask.phone_canonical(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        value, '-', ''), ' ', ''), '(', ''), ')', ''), '+', '')
$$;

-- Parameters: as ssn has them. 20000 + slot is the area code with the last two digits behind it.
CREATE FUNCTION refresh_mask.phone(value text, number bigint, domain text, some_moved bool, filter bytea, last_bit bigint)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN refresh_mask.phone_is_common(value)
                     AND NOT (some_moved AND refresh_mask.may_be_moved(
                         refresh_mask.mark(refresh_mask.phone_canonical(value)), filter, last_bit))
                THEN CASE pg_catalog.octet_length(value) WHEN 14 THEN '(' WHEN 15 THEN '+1 ' WHEN 17 THEN '+1 (' ELSE '' END
                     || pg_catalog.overlay((20000 + number % 80000)::text, CASE pg_catalog.octet_length(value)
                            WHEN 10 THEN '55501' WHEN 14 THEN ') 555-01' WHEN 17 THEN ') 555-01' ELSE '-555-01' END, 4, 0)
                ELSE refresh_mask.phone(value, domain) END
$$;

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
