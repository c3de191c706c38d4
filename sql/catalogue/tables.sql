-- Every table, partitioned table, materialized view and foreign table outside the system's schemas and ours.
--
-- Parameters: none. search_path must be empty, so that format_type and pg_get_expr qualify every name.
-- Columns: oid, schema, name, kind, owner, partition_of (schema, name), comment, estimated_rows, size_bytes,
--          extension, extension_config, row_security, row_security_forced, inherits (array of schema, name)
SELECT c.oid::int8                                   AS oid,
       n.nspname::text                               AS schema,
       c.relname::text                               AS name,
       c.relkind::text                               AS kind,
       pg_catalog.pg_get_userbyid(c.relowner)::text  AS owner,
       CASE WHEN c.relispartition THEN
           (SELECT ARRAY[pn.nspname::text, p.relname::text]
              FROM pg_catalog.pg_inherits i
              JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
              JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
             -- A user's partition of an extension's table is dumped and the table isn't: it needs a rule of its own.
             WHERE i.inhrelid = c.oid
               AND (e.oid IS NOT NULL
                 OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend pd
                                 WHERE pd.classid = 'pg_catalog.pg_class'::regclass AND pd.objid = p.oid
                                   AND pd.objsubid = 0 AND pd.deptype = 'e')))
       END                                           AS partition_of,
       CASE WHEN NOT c.relispartition THEN
           (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(pn.nspname, p.relname) ORDER BY i.inhseqno)
              FROM pg_catalog.pg_inherits i
              JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
              JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
             WHERE i.inhrelid = c.oid)
       END                                           AS inherits,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
       c.reltuples::int8                             AS estimated_rows,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid) ELSE 0 END AS size_bytes,
       e.extname::text                               AS extension,
       COALESCE(c.oid = ANY (e.extconfig), false)    AS extension_config,
       c.relrowsecurity                              AS row_security,
       c.relforcerowsecurity                         AS row_security_forced
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend d
         ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_extension'::regclass
 WHERE c.relkind IN ('r', 'p', 'm', 'f')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'refresh_mask', 'refresh_archive')
   AND n.nspname NOT LIKE 'pg\_toast%'
   AND n.nspname NOT LIKE 'pg\_temp\_%'
 ORDER BY n.nspname, c.relname
