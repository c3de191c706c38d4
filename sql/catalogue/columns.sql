-- The columns of the tables with the given oids.
--
-- Parameters: 1: oids (int8[])
-- Columns: oid, name, position, type, base_type, base_type_schema, element_base_type, element_base_type_schema,
--          composite (oid of the composite type's row), typmod, not_null, generated, identity,
--          "default", comment, domain, collation, enum_labels, partition_key, generated_from, null_fraction, n_distinct
WITH RECURSIVE base AS (
    SELECT t.oid AS start, t.oid, t.typtype, t.typbasetype, -1 AS typmod, t.typnotnull AS not_null
      FROM pg_catalog.pg_type t
    UNION ALL
    SELECT b.start, t.oid, t.typtype, t.typbasetype, d.typtypmod, b.not_null OR t.typnotnull
      FROM base b
      JOIN pg_catalog.pg_type d ON d.oid = b.oid AND d.typtype = 'd'
      JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
)
SELECT a.attrelid::int8                                          AS oid,
       a.attname::text                                           AS name,
       a.attnum::int4                                            AS position,
       pg_catalog.format_type(a.atttypid, a.atttypmod)           AS type,
       bt.typname::text                                          AS base_type,
       bn.nspname::text                                          AS base_type_schema,
       CASE WHEN element.oid <> bt.typelem THEN et.typname END::text  AS element_base_type,
       CASE WHEN element.oid <> bt.typelem THEN en.nspname END::text  AS element_base_type_schema,
       NULLIF(COALESCE(et.typrelid, bt.typrelid), 0::oid)::int8  AS composite,
       CASE WHEN a.atttypmod >= 0 THEN a.atttypmod WHEN base.typmod >= 0 THEN base.typmod
            ELSE COALESCE(element.typmod, -1) END::int4          AS typmod,
       a.attnotnull OR base.not_null                             AS not_null,
       a.attgenerated <> ''                                      AS generated,
       a.attidentity <> ''                                       AS identity,
       pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)              AS "default",
       pg_catalog.col_description(a.attrelid, a.attnum)          AS comment,
       CASE WHEN ct.typtype = 'd' THEN cn.nspname || '.' || ct.typname END AS domain,
       (SELECT ln.nspname || '.' || l.collname
          FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
         WHERE l.oid = a.attcollation AND a.attcollation <> 'pg_catalog."default"'::pg_catalog.regcollation)
                                                                 AS collation,
       (SELECT pg_catalog.array_agg(label.enumlabel::text ORDER BY label.enumsortorder)
          FROM pg_catalog.pg_enum label WHERE label.enumtypid = COALESCE(element.oid, bt.oid)) AS enum_labels,
       (c.relkind = 'p' OR c.relispartition) AND
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table pt
                 -- Each of them may number its columns in its own way.
                 JOIN pg_catalog.pg_attribute ka ON ka.attrelid = pt.partrelid AND ka.attname = a.attname
                WHERE ka.attnum = ANY (pt.partattrs::int2[])
                  AND pt.partrelid IN (SELECT r.relid FROM pg_catalog.pg_partition_tree(a.attrelid) r
                                       UNION ALL SELECT s.relid FROM pg_catalog.pg_partition_ancestors(a.attrelid) s))
           AS partition_key,
       CASE WHEN a.attgenerated <> '' THEN
           (SELECT pg_catalog.array_agg(DISTINCT o.attname::text)
              FROM pg_catalog.pg_depend d
              JOIN pg_catalog.pg_attribute o ON o.attrelid = d.refobjid AND o.attnum = d.refobjsubid
             WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid > 0
               AND d.refobjsubid <> a.attnum
               AND ((d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = ad.oid)
                 OR (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum)))
       END                                                       AS generated_from,
       s.null_frac::float8                                       AS null_fraction,
       s.n_distinct::float8                                      AS n_distinct
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type ct ON ct.oid = a.atttypid
  JOIN pg_catalog.pg_namespace cn ON cn.oid = ct.typnamespace
  JOIN base ON base.start = a.atttypid AND base.typtype <> 'd'
  JOIN pg_catalog.pg_type bt ON bt.oid = base.oid
  JOIN pg_catalog.pg_namespace bn ON bn.oid = bt.typnamespace
  LEFT JOIN base element ON element.start = bt.typelem AND element.typtype <> 'd' AND bt.typcategory = 'A'
  LEFT JOIN pg_catalog.pg_type et ON et.oid = element.oid
  LEFT JOIN pg_catalog.pg_namespace en ON en.oid = et.typnamespace
  LEFT JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_stats s
         ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
 WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
