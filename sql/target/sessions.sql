-- Who is connected to some databases.
--
-- Parameters: $1 oids of the databases.
-- Columns: pid, description (database, user, application: no address, no query)
SELECT a.pid,
       pg_catalog.format('pid %s (%s of %s, application %s)',
                         a.pid, COALESCE(a.backend_type, 'session'), COALESCE(a.usename, 'the server'),
                         COALESCE(NULLIF(a.application_name, ''), 'unnamed')) AS description
  FROM pg_catalog.pg_stat_activity a
 WHERE a.datid = ANY ($1::oid[])
   AND a.pid <> pg_catalog.pg_backend_pid()
 ORDER BY a.pid
