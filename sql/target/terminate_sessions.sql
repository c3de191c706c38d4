-- Ends the sessions in some databases that we may end. Safe to repeat; autovacuum is ended by the server itself.
--
-- Parameters: $1 oids of the databases.
-- Columns: pid (of each session that was told to end)
--
-- MATERIALIZED is a fence: conditions have no order, and once the server had made a generic plan of this statement
-- (at its sixth execution), one that called pg_terminate_backend came before the one that chose the databases.
WITH chosen AS MATERIALIZED (
    SELECT a.pid
      FROM pg_catalog.pg_stat_activity a
      JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
     WHERE a.datid = ANY ($1::oid[])
       AND a.pid <> pg_catalog.pg_backend_pid()
       AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
       AND NOT r.rolsuper
       AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))
)
SELECT c.pid
  FROM chosen c
 WHERE pg_catalog.pg_terminate_backend(c.pid)
