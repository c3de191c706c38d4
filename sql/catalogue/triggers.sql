-- The users' triggers and rewrite rules of the tables with the given oids.
--
-- Parameters: 1: oids (int8[])
-- Columns: oid, kind (trigger, rule), name, enabled (O, D, R, A), columns, function
SELECT t.tgrelid::int8    AS oid,
       'trigger'          AS kind,
       t.tgname::text     AS name,
       t.tgenabled::text  AS enabled,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr::int2[])) AS columns,
       n.nspname || '.' || p.proname AS function
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE t.tgrelid = ANY ($1::int8[]::oid[]) AND NOT t.tgisinternal
UNION ALL
SELECT r.ev_class::int8, 'rule', r.rulename::text, r.ev_enabled::text, NULL, ''
  FROM pg_catalog.pg_rewrite r
 WHERE r.ev_class = ANY ($1::int8[]::oid[]) AND r.rulename <> '_RETURN'
 ORDER BY 1, 2, 3
