-- The database's extensions but for plpgsql, and whether something that isn't theirs depends on what they made.
-- Parameters: none. Result: name, is_depended_on.
WITH members AS (
    SELECT d.refobjid AS extension, d.classid, d.objid
      FROM pg_catalog.pg_depend AS d
     WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
),
dependents AS (
    -- What depends on a member as a part of a table or view stands for that: a rule, a
    -- default, a trigger, a policy, a constraint, an index.
    SELECT m.extension,
           CASE WHEN part.relation IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass::oid END AS classid,
           COALESCE(part.relation, d.objid) AS objid
      FROM members AS m
      JOIN pg_catalog.pg_depend AS d ON d.refclassid = m.classid AND d.refobjid = m.objid AND d.deptype IN ('n', 'a')
       -- Those are parts of operator families, which are members or are depended on as such.
       AND d.classid NOT IN ('pg_catalog.pg_amop'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass)
      LEFT JOIN LATERAL (
            SELECT r.ev_class AS relation FROM pg_catalog.pg_rewrite AS r
             WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
             UNION ALL
            SELECT a.adrelid FROM pg_catalog.pg_attrdef AS a
             WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = d.objid
             UNION ALL
            SELECT t.tgrelid FROM pg_catalog.pg_trigger AS t
             WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objid
             UNION ALL
            SELECT p.polrelid FROM pg_catalog.pg_policy AS p
             WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
             UNION ALL
            SELECT c.conrelid FROM pg_catalog.pg_constraint AS c
             WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND c.oid = d.objid AND c.conrelid <> 0
             UNION ALL
            SELECT i.indrelid FROM pg_catalog.pg_index AS i
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid
           ) AS part ON true
)
SELECT e.extname::text AS name,
       EXISTS (SELECT FROM dependents AS d
                WHERE d.extension = e.oid
                  AND (d.classid, d.objid) NOT IN (SELECT m.classid, m.objid FROM members AS m WHERE m.extension = e.oid))
           AS is_depended_on
  FROM pg_catalog.pg_extension AS e
 WHERE e.extname <> 'plpgsql'
 ORDER BY 1
