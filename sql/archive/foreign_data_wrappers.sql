-- Foreign-data wrappers that the current user may let others use. Parameters: none. Result: name.
SELECT w.fdwname AS name
  FROM pg_catalog.pg_foreign_data_wrapper AS w
 WHERE pg_catalog.has_foreign_data_wrapper_privilege(w.oid, 'USAGE WITH GRANT OPTION')
 ORDER BY 1
