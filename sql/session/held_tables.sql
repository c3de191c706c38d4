-- Tables that can't be dropped for a copy of theirs, for a reason that their own columns and keys don't show: an extension
-- owns the table that they are a partition of, or another table's column (or a type's attribute) is of their row type and
-- would go with it.
--
-- Parameters: none.
-- Columns: schema, name
SELECT n.nspname::text AS schema, c.relname::text AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relispartition
    OR c.relkind = 'r' AND EXISTS (
           SELECT FROM pg_catalog.pg_type t
             JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = t.oid
            WHERE (t.oid = c.reltype OR t.typelem = c.reltype)
              AND (d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
                   OR d.classid = 'pg_catalog.pg_type'::regclass
                  AND d.objid IN (SELECT o.oid FROM pg_catalog.pg_type o WHERE o.typtype = 'd')))
