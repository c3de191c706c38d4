-- The tables to copy, by name. Parameters: $1 schemas, $2 names, in the same order. Result: schema, name, size_bytes
-- (heap and TOAST), blocks (of the longest heap), can_split (rows are addressed by block), rows_in_children (masking has
-- put them into tables of our schema that the table inherits from), is_row_security_active (for the current user, who
-- then can't read it all).
SELECT n.nspname AS schema,
       c.relname AS name,
       heaps.size_bytes,
       heaps.blocks,
       c.relkind = 'r' AND a.amname IS NOT DISTINCT FROM 'heap' AS can_split,
       heaps.number > 1 AS rows_in_children,
       pg_catalog.row_security_active(c.oid) AS is_row_security_active
  FROM ROWS FROM (pg_catalog.unnest($1::name[]), pg_catalog.unnest($2::name[])) AS wanted (schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
  LEFT JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
 CROSS JOIN LATERAL (
       SELECT pg_catalog.count(*) AS number,
              pg_catalog.sum(pg_catalog.pg_table_size(heap.oid))::bigint AS size_bytes,
              pg_catalog.max(pg_catalog.pg_relation_size(heap.oid))
                  / pg_catalog.current_setting('block_size')::bigint AS blocks
         FROM (SELECT c.oid
                UNION ALL
               SELECT i.inhrelid
                 FROM pg_catalog.pg_inherits AS i
                 JOIN pg_catalog.pg_class AS child ON child.oid = i.inhrelid
                WHERE i.inhparent = c.oid
                  AND child.relnamespace = pg_catalog.to_regnamespace('refresh_archive')) AS heap (oid)
       ) AS heaps
