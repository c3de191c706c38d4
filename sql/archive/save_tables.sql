-- Keeps which table the rows of each archive entry come from, by name: by its OID a table that is written anew is lost.
-- Parameters: $1 OIDs, $2 their dump ids, in the same order. Result: none.
INSERT INTO refresh_archive.tables (dump_id, schema, name)
SELECT entry.dump_id, n.nspname, c.relname
  FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int[])) AS entry (oid, dump_id)
  JOIN pg_catalog.pg_class AS c ON c.oid = entry.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
