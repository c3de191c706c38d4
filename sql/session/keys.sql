-- Takes secrets into the session's settings. A parameter may be logged with its statement, so each value is XORed
-- with the pad that follows from the session's seed: SHA-256 of seed, number (1, 2 …) and name, one block after the
-- other. masking/key_delivery.py makes the parameters.
--
-- Parameters: 1: names of settings (text[]), 2: values (text[], hex), XORed
-- Columns: taken (how many)
SELECT pg_catalog.count(pg_catalog.set_config(
           given.name,
           -- What varbit_send gives begins with the number of bits, in four bytes.
           pg_catalog.substr(pg_catalog.encode(pg_catalog.varbit_send(
               ('x' || given.value)::pg_catalog.varbit
               # ('x' || pg_catalog.left(pad.value, pg_catalog.length(given.value)))::pg_catalog.varbit), 'hex'), 9),
           false)) AS taken
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS given (name, value),
       LATERAL (SELECT pg_catalog.string_agg(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
                           pg_catalog.current_setting('refresh_mask.seed') || block || given.name, 'UTF8')), 'hex'), ''
                           ORDER BY block) AS value
                  FROM pg_catalog.generate_series(1, (pg_catalog.length(given.value) + 63) / 64) AS block) AS pad
