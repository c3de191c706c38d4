-- The database itself.
--
-- Parameters: none.
-- Columns: database, server_version_num, encoding, large_objects, extensions (jsonb: name, version, schema),
--          unvouched_functions (jsonb: schema, name): functions and operators that may read tables. PostgreSQL's own
--          are known; an extension's don't where they are immutable, or by what these extensions are for.
SELECT pg_catalog.current_database()::text AS database,
       pg_catalog.current_setting('server_version_num')::int4 AS server_version_num,
       (SELECT pg_catalog.pg_encoding_to_char(d.encoding)::text FROM pg_catalog.pg_database d
         WHERE d.datname = pg_catalog.current_database()) AS encoding,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata) AS large_objects,
       (SELECT COALESCE(pg_catalog.jsonb_agg(
                   pg_catalog.jsonb_build_object('name', e.extname, 'version', e.extversion, 'schema', n.nspname)
                   ORDER BY e.extname), '[]')
          FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace) AS extensions,
       (SELECT COALESCE(pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_array(n.nspname, found.name)), '[]')
          FROM (SELECT p.oid, p.pronamespace AS namespace, p.proname AS name FROM pg_catalog.pg_proc p
                UNION ALL
                SELECT o.oprcode, o.oprnamespace, o.oprname FROM pg_catalog.pg_operator o) AS found
          JOIN pg_catalog.pg_proc p ON p.oid = found.oid
          JOIN pg_catalog.pg_namespace n ON n.oid = found.namespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'refresh_mask')
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
                              AND d.refclassid = 'pg_catalog.pg_extension'::regclass
                              AND (p.provolatile = 'i'
                                OR e.extname IN ('pgcrypto', 'uuid-ossp', 'unaccent', 'citext', 'hstore'))))
           AS unvouched_functions
