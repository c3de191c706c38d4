-- Materialized views that hold rows. Parameters: none. Result: schema, name.
SELECT m.schemaname AS schema, m.matviewname AS name
  FROM pg_catalog.pg_matviews AS m
 WHERE m.ispopulated
 ORDER BY 1, 2
