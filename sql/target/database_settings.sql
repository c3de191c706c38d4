-- What ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET have set for some databases.
--
-- Parameters: $1 oids of the databases.
-- Columns: oid, role (null: every role), name, value (as stored: lists are quoted already)
SELECT s.setdatabase::int8 AS oid,
       r.rolname::text AS role,
       pg_catalog.split_part(c.setting, '=', 1) AS name,
       pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1) AS value
  FROM pg_catalog.pg_db_role_setting s
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) WITH ORDINALITY AS c (setting, position)
 WHERE s.setdatabase = ANY ($1::oid[])
 ORDER BY s.setdatabase, r.rolname NULLS FIRST, c.position
