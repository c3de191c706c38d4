-- Foreign keys, the tables' own CHECKs, and the CHECKs of the domains of their columns.
--
-- Parameters: 1: oids (int8[])
-- Columns: oid, name, kind (f, c), columns, referenced_schema, referenced_name, referenced_columns, expression,
--          validated, domain
SELECT k.conrelid::int8 AS oid,
       k.conname::text  AS name,
       k.contype::text  AS kind,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.place)
          FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
       rn.nspname::text AS referenced_schema,
       r.relname::text  AS referenced_name,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.place)
          FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS referenced_columns,
       pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression,
       k.convalidated   AS validated,
       NULL::text       AS domain
  FROM pg_catalog.pg_constraint k
  LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
  LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
 WHERE k.conrelid = ANY ($1::int8[]::oid[]) AND k.contype IN ('f', 'c')
UNION ALL
SELECT a.attrelid::int8, k.conname::text, 'c', ARRAY[a.attname::text], NULL, NULL, NULL,
       pg_catalog.pg_get_expr(k.conbin, 0), k.convalidated, n.nspname || '.' || t.typname
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typtype = 'd'
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
 WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY 1, 2
