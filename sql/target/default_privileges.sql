-- What ALTER DEFAULT PRIVILEGES has set in the database.
--
-- Parameters: none.
-- Columns: role, schema (null: wherever), kind (as GRANT … ON spells it), grantee (null: PUBLIC),
--          privilege (null: no grants), grantable. Without a schema it's the whole list, with one what is added to it.
SELECT r.rolname::text AS role,
       n.nspname::text AS schema,
       CASE d.defaclobjtype
           WHEN 'r' THEN 'TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'ROUTINE' WHEN 'T' THEN 'TYPE'
           WHEN 'n' THEN 'SCHEMA' WHEN 'L' THEN 'LARGE OBJECT'
       END AS kind,
       g.rolname::text AS grantee,
       a.privilege_type AS privilege,
       a.is_grantable AS grantable
  FROM pg_catalog.pg_default_acl d
  JOIN pg_catalog.pg_roles r ON r.oid = d.defaclrole
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
  LEFT JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a ON true
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
 ORDER BY r.rolname, n.nspname NULLS FIRST, 3
