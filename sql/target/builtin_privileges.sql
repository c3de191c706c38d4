-- What PostgreSQL itself grants on a new object.
--
-- Parameters: none.
-- Columns: kind (as GRANT … ON spells it), to_public (else to the owner), privilege
SELECT k.kind,
       a.grantee = 0 AS to_public,
       a.privilege_type AS privilege
  FROM (VALUES ('TABLE', 'r'), ('SEQUENCE', 's'), ('ROUTINE', 'f'), ('TYPE', 'T'), ('SCHEMA', 'n'),
               ('LARGE OBJECT', 'L')) AS k (kind, code)
 -- 10 is the oid of the superuser that initdb made: any owner would do.
 CROSS JOIN LATERAL pg_catalog.aclexplode(pg_catalog.acldefault(k.code::"char", 10::oid)) a
 ORDER BY 1, 2, 3
