-- Who may do what with each schema, table, view, sequence, column, routine, type and foreign server of the database.
--
-- Parameters: none.
-- Columns: kind (as GRANT … ON spells it; COLUMN), identity (quoted, ready to be put into a statement), column_name,
--          schema, owner, owner_is_superuser, in_extension, grantee (null: PUBLIC), privilege (null: no grants),
--          grantable. One row per grant; defaults are spelled out, as if they had been granted.
WITH securable AS (
    SELECT 'SCHEMA' AS kind, 'pg_catalog.pg_namespace'::pg_catalog.regclass AS class, n.oid, NULL::text AS column_name,
           n.oid AS namespace, n.nspowner AS owner,
           COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner)) AS acl
      FROM pg_catalog.pg_namespace n
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid,
           NULL, c.relnamespace, c.relowner,
           COALESCE(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner))
      FROM pg_catalog.pg_class c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'COLUMN', 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attname::text, c.relnamespace, c.relowner,
           a.attacl
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     WHERE a.attacl IS NOT NULL
       AND NOT a.attisdropped
       AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'ROUTINE', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, NULL, p.pronamespace, p.proowner,
           COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))
      FROM pg_catalog.pg_proc p
    UNION ALL
    SELECT 'TYPE', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, NULL, t.typnamespace, t.typowner,
           COALESCE(t.typacl, pg_catalog.acldefault('T', t.typowner))
      FROM pg_catalog.pg_type t
      LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
     -- Rows' and arrays' types have no privileges of their own, and ranges' multiranges neither.
     WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r')
       AND (c.oid IS NULL OR c.relkind = 'c')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
    UNION ALL
    SELECT 'FOREIGN SERVER', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, NULL, NULL, s.srvowner,
           COALESCE(s.srvacl, pg_catalog.acldefault('S', s.srvowner))
      FROM pg_catalog.pg_foreign_server s
)
SELECT s.kind,
       i.identity,
       s.column_name,
       n.nspname::text AS schema,
       o.rolname::text AS owner,
       o.rolsuper AS owner_is_superuser,
       EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = s.class AND d.objid = s.oid AND d.deptype = 'e') AS in_extension,
       g.rolname::text AS grantee,
       a.privilege_type AS privilege,
       a.is_grantable AS grantable
  FROM securable s
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = s.namespace
  JOIN pg_catalog.pg_roles o ON o.oid = s.owner
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(s.class, s.oid, 0) i
  LEFT JOIN LATERAL pg_catalog.aclexplode(s.acl) a ON true
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
 WHERE n.nspname IS NULL
    OR (n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema')
 ORDER BY s.kind <> 'SCHEMA', s.kind, i.identity, s.column_name NULLS FIRST
