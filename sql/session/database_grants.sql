-- To whom else than the session's own role connecting to its database is granted.
-- Parameters: none. Result: owner, grantee (NULL for PUBLIC), is_granted (false in the one row that stands for none).
SELECT pg_catalog.pg_get_userbyid(d.datdba)::text AS owner,
       grantee.rolname::text AS grantee,
       granted.grantee IS NOT NULL AS is_granted
  FROM pg_catalog.pg_database AS d
  LEFT JOIN LATERAL (
        SELECT DISTINCT a.grantee
          FROM pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS a
         WHERE a.privilege_type = 'CONNECT'
           AND a.grantee <> (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER)
       ) AS granted ON true
  LEFT JOIN pg_catalog.pg_roles AS grantee ON grantee.oid = granted.grantee
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 2
