-- Who may do what with some databases.
--
-- Parameters: $1 oids of the databases.
-- Columns: oid, owner, owner_is_superuser, grantee (null: PUBLIC), privilege (null: there are no grants at all),
--          grantable
SELECT d.oid::int8 AS oid,
       o.rolname::text AS owner,
       o.rolsuper AS owner_is_superuser,
       g.rolname::text AS grantee,
       a.privilege_type AS privilege,
       a.is_grantable AS grantable
  FROM pg_catalog.pg_database d
  JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
  LEFT JOIN LATERAL pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a ON true
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
 WHERE d.oid = ANY ($1::oid[])
 ORDER BY d.oid
