-- Roles that may log in to the session's database, but for its own and superusers, whom no right holds.
-- Parameters: none. Result: name.
SELECT r.rolname::text AS name
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolcanlogin
   AND NOT r.rolsuper
   AND r.rolname <> CURRENT_USER
   AND pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT')
 ORDER BY 1
