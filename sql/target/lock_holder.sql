-- Who holds a session-level advisory lock of the current database.
--
-- Parameters: $1 the lock's key (int8).
-- Columns: pid, username, application_name, since (start of the session; all null but pid where they are hidden)
SELECT l.pid,
       a.usename::text AS username,
       a.application_name::text AS application_name,
       a.backend_start AS since
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory'
   AND l.granted
   AND l.objsubid = 1
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
   AND l.classid::int8 = ($1::int8 >> 32) & 4294967295
   AND l.objid::int8 = $1::int8 & 4294967295
