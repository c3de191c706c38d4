-- Tables and sequences whose rows pg_dump would carry because an extension asked for it (cron.job for instance).
-- Parameters: none. Result: schema, name.
SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_extension AS e
 CROSS JOIN LATERAL pg_catalog.unnest(e.extconfig) AS member (oid)
  JOIN pg_catalog.pg_class AS c ON c.oid = member.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 ORDER BY 1, 2
