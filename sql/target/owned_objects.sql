-- What in the database has an owner of its own: pg_shdepend knows every kind. What belongs to an extension, or (as a
-- serial column's sequence) to another object, follows that; what a superuser owns is not recorded, nor is it ours.
--
-- Parameters: none.
-- Columns: type (PostgreSQL's word), identity (quoted, ready to be put into a statement), owner,
--          can_give (whether the connected user may make this owner the owner of something)
WITH owned AS (
    SELECT d.classid, d.objid, d.refobjid AS owner
      FROM pg_catalog.pg_shdepend d
     WHERE d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
       AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
       AND d.deptype = 'o'
)
SELECT i.type,
       i.identity,
       r.rolname::text AS owner,
       pg_catalog.pg_has_role(o.owner,
           CASE WHEN pg_catalog.current_setting('server_version_num')::int4 >= 160000
                THEN 'SET' ELSE 'MEMBER' END) AS can_give
  FROM owned o
  JOIN pg_catalog.pg_roles r ON r.oid = o.owner
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i
 WHERE NOT EXISTS (
           SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = o.classid
              AND d.objid = o.objid
              AND (d.deptype = 'e'
                   OR (d.deptype IN ('a', 'i')
                       AND i.type = 'sequence'
                       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)))
 ORDER BY i.type <> 'schema', i.type, i.identity
