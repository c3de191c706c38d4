-- The tables to copy, by name. Parameters: $1 schemas, $2 names, in the same order. Result: schema, name, size_bytes
-- (heap and TOAST), blocks (heap), can_split (rows are addressed by block), is_row_security_active (for the current
-- user, who then can't read it all).
SELECT n.nspname AS schema,
       c.relname AS name,
       pg_catalog.pg_table_size(c.oid) AS size_bytes,
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint AS blocks,
       c.relkind = 'r' AND a.amname IS NOT DISTINCT FROM 'heap' AS can_split,
       pg_catalog.row_security_active(c.oid) AS is_row_security_active
  FROM ROWS FROM (pg_catalog.unnest($1::name[]), pg_catalog.unnest($2::name[])) AS wanted (schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
  LEFT JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
