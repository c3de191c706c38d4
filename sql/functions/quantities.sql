-- Dates moved by subject, and places moved a little.

-- Days by which everything of one subject moves: from -"days" to "days", never 0. NULL is a subject too.
CREATE FUNCTION refresh_mask.shift_of(subject text, days int, domain text) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT (moved.place - CASE WHEN moved.place < days THEN days ELSE days - 1 END)::int
      FROM (SELECT refresh_mask.number_at(refresh_mask.mac(COALESCE(subject, ''), domain), 0) % (2 * days) AS place) moved
$$;

-- A latitude or a longitude, moved by between a third and 0.7 of "radius_m", so that both together stay within it.
CREATE FUNCTION refresh_mask.near_degrees(value numeric, radius_m numeric, domain text) RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    number CONSTANT bigint := refresh_mask.number_at(
        refresh_mask.mac(pg_catalog.trim_scale(value)::text, domain), 0);
    -- A degree has 111,320 m at the equator, and no more elsewhere.
    moved CONSTANT numeric := radius_m / 111320 * (0.35 + 0.35 * ((number / 2) % 1000000) / 1000000);
BEGIN
    IF value::text IN ('NaN', 'Infinity', '-Infinity') THEN RETURN value; END IF;
    -- Away from a pole, else either way.
    RETURN value + CASE WHEN value > 90 - moved AND value <= 90 THEN -moved WHEN value < -90 + moved AND value >= -90
                        THEN moved WHEN number % 2 = 0 THEN moved ELSE -moved END;
END
$$;

-- A point (longitude, latitude), moved by between half of "radius_m" and all of it.
CREATE FUNCTION refresh_mask.near_point(value point, radius_m float8, domain text) RETURNS point
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mac      CONSTANT bytea := refresh_mask.mac(value::text, domain);
    angle    CONSTANT float8 := 2 * pg_catalog.pi() * (refresh_mask.number_at(mac, 0) % 1000000) / 1000000;
    distance CONSTANT float8 := radius_m * (0.5 + 0.49 * (refresh_mask.number_at(mac, 8) % 1000000) / 1000000) / 111320;
    latitude float8;
BEGIN
    IF value[0] NOT BETWEEN -1e6 AND 1e6 OR value[1] NOT BETWEEN -1e6 AND 1e6 THEN RETURN point(0, 0); END IF;
    latitude := value[1] + distance * pg_catalog.sin(angle);
    IF latitude NOT BETWEEN -90 AND 90 THEN latitude := value[1] - distance * pg_catalog.sin(angle); END IF;
    RETURN point(value[0] + distance * pg_catalog.cos(angle)
                 / GREATEST(pg_catalog.cosd(value[1]), 1e-3), latitude);
END
$$;
