-- The indexes of the tables with the given oids.
--
-- Parameters: 1: oids (int8[])
-- Columns: oid, name, unique, primary, exclusion, columns, key_columns, keys, predicate, nulls_not_distinct
SELECT i.indrelid::int8   AS oid,
       ic.relname::text   AS name,
       i.indisunique      AS "unique",
       i.indisprimary     AS "primary",
       i.indisexclusion   AS exclusion,
       (SELECT pg_catalog.array_agg(DISTINCT a.attname::text)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = i.indrelid
           AND (a.attnum = ANY (i.indkey::int2[])
             OR a.attnum IN (SELECT d.refobjsubid FROM pg_catalog.pg_depend d
                              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
                                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid)))
           AS columns,
       (SELECT pg_catalog.array_agg(
                   (SELECT a.attname::text FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1]) ORDER BY k)
          FROM pg_catalog.generate_series(1, i.indnkeyatts) k) AS key_columns,
       (SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false) ORDER BY k)
          FROM pg_catalog.generate_series(1, i.indnkeyatts) k) AS keys,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       COALESCE((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_not_distinct
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
 WHERE i.indrelid = ANY ($1::int8[]::oid[]) AND i.indisvalid
 ORDER BY i.indrelid, ic.relname
