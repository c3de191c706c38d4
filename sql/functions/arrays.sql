-- Arrays are masked element by element, which gives one of one dimension from 1 on: "flat" as "shape" has its own.
CREATE FUNCTION refresh_mask.in_shape_of(flat anyarray, shape anyarray) RETURNS anyarray
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    dimensions CONSTANT int := pg_catalog.array_ndims(shape);
    wide       CONSTANT int := pg_catalog.array_length(shape, 2);
    deep       CONSTANT int := pg_catalog.array_length(shape, 3);
BEGIN
    IF flat IS NULL OR pg_catalog.array_dims(flat) = pg_catalog.array_dims(shape) THEN RETURN flat; END IF;
    CASE dimensions
        WHEN 1 THEN NULL;
        WHEN 2 THEN
            SELECT pg_catalog.array_agg(flat[i * wide + 1:(i + 1) * wide] ORDER BY i) INTO flat
              FROM pg_catalog.generate_series(0, pg_catalog.array_length(shape, 1) - 1) i;
        WHEN 3 THEN
            SELECT pg_catalog.array_agg((SELECT pg_catalog.array_agg(
                       flat[(i * wide + j) * deep + 1:(i * wide + j + 1) * deep] ORDER BY j)
                     FROM pg_catalog.generate_series(0, wide - 1) j) ORDER BY i) INTO flat
              FROM pg_catalog.generate_series(0, pg_catalog.array_length(shape, 1) - 1) i;
        ELSE
            RAISE EXCEPTION 'an array of % dimensions can''t be masked by element', dimensions;
    END CASE;
    IF pg_catalog.array_dims(flat) <> pg_catalog.array_dims(shape) THEN
        flat := pg_catalog.array_dims(shape) || '=' || flat::text;
    END IF;
    RETURN flat;
END
$$;
