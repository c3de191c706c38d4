-- A random seed (488 bits) that the session keeps until keys.sql has been run. It is a result, so no log has it.
--
-- Parameters: none.
-- Columns: seed
SELECT pg_catalog.set_config(
           'refresh_mask.seed',
           pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text
               || pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text,
           false) AS seed
