-- Text that stays, without what has the shape of personal data: e-mail addresses, links, and numbers of five and
-- more digits with what groups them. Cut to "width".
CREATE FUNCTION refresh_mask.redact(value text, width int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.left(
        pg_catalog.regexp_replace(
            pg_catalog.regexp_replace(
                pg_catalog.regexp_replace(value, '[^[:space:]<>()\[\],;:"]*@[^[:space:]<>()\[\],;:"]*', '[e-mail]', 'g'),
                '[[:alpha:]][[:alnum:]+.-]*://[^[:space:]<>"]*|www\.[^[:space:]<>"]*', '[link]', 'gi'),
            '[+(]?[0-9]([-[:space:]()./]*[0-9]){4,}', '[number]', 'g'),
        width)
$$;
