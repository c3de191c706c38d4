-- What keeps a database from being renamed or dropped, and can't be ended by us.
--
-- Parameters: $1 oid of the database.
-- Columns: kind (prepared transaction, replication slot, subscription, session), name, detail.
--          No row of the user's, no query text. A background worker is listed whatever its user: it comes back.
SELECT 'prepared transaction' AS kind, x.gid::text AS name, x.owner::text AS detail
  FROM pg_catalog.pg_prepared_xacts x
  JOIN pg_catalog.pg_database d ON d.datname = x.database
 WHERE d.oid = $1::oid
UNION ALL
SELECT 'replication slot', s.slot_name::text, s.plugin::text
  FROM pg_catalog.pg_replication_slots s
 WHERE s.datoid = $1::oid
   AND NOT s.temporary
UNION ALL
SELECT 'subscription', s.subname::text, pg_catalog.pg_get_userbyid(s.subowner)::text
  FROM pg_catalog.pg_subscription s
 WHERE s.subdbid = $1::oid
UNION ALL
SELECT 'session',
       a.pid::text,
       pg_catalog.concat_ws(' ', COALESCE(a.backend_type, 'session'), 'of', COALESCE(r.rolname, 'the server'))
  FROM pg_catalog.pg_stat_activity a
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
 WHERE a.datid = $1::oid
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
   AND (COALESCE(r.rolsuper, true)
        OR COALESCE(a.backend_type, 'client backend') NOT IN ('client backend', 'parallel worker', 'walsender')
        OR NOT (pg_catalog.pg_has_role(a.usesysid, 'USAGE')
                OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))
 ORDER BY 1, 2
