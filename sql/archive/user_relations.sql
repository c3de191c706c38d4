-- How many relations, functions and types somebody has made in this database: a shadow must have none before a load.
-- Parameters: none. Result: one row, objects.
SELECT (SELECT pg_catalog.count(*)
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')
     + (SELECT pg_catalog.count(*)
          FROM pg_catalog.pg_namespace AS n
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('public', 'information_schema')) AS objects
