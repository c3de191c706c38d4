-- Ends the sessions of other roles in this session's database, but for superusers'.
-- Parameters: none. Result: pid of each.
-- MATERIALIZED is a fence, as conditions have no order: none is ended that wasn't chosen.
WITH chosen AS MATERIALIZED (
    SELECT a.pid
      FROM pg_catalog.pg_stat_activity AS a
      JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
     WHERE a.datname = pg_catalog.current_database()
       AND a.backend_type = 'client backend'
       AND r.rolname <> CURRENT_USER
       AND NOT r.rolsuper
)
SELECT c.pid
  FROM chosen AS c
 WHERE pg_catalog.pg_terminate_backend(c.pid)
