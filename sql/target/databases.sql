-- Every database of the cluster, with what decides whose it is. Read from the maintenance database.
--
-- Parameters: none.
-- Columns: oid, name, owner, comment, allows_connections, connection_limit, is_template, encoding, collate, ctype,
--          provider (libc, icu, builtin), locale (of icu or builtin, else null).
--          to_jsonb, because the locale's column was renamed in 15 and 17 and lacks before.
SELECT d.oid::int8 AS oid,
       d.datname::text AS name,
       pg_catalog.pg_get_userbyid(d.datdba)::text AS owner,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       d.datallowconn AS allows_connections,
       d.datconnlimit AS connection_limit,
       d.datistemplate AS is_template,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collate,
       d.datctype::text AS ctype,
       CASE j.row ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
       COALESCE(j.row ->> 'datlocale', j.row ->> 'daticulocale') AS locale
  FROM pg_catalog.pg_database d
 CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS row) j
 ORDER BY d.datname
