-- What an archive must know of the database that it is dumped from, and what forbids the dump.
-- Parameters: none. Result: one row of server_version, server_version_num, encoding, collate, ctype,
-- locale_provider (c libc, i icu, b builtin), locale (icu and builtin), large_objects, has_masking_schema,
-- user_mappings. to_jsonb reads columns that not every major version has.
SELECT pg_catalog.current_setting('server_version') AS server_version,
       pg_catalog.current_setting('server_version_num')::int AS server_version_num,
       pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
       d.datcollate AS "collate",
       d.datctype AS ctype,
       coalesce(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c') AS locale_provider,
       coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata) AS large_objects,
       EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'refresh_mask') AS has_masking_schema,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_user_mappings) AS user_mappings
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = pg_catalog.current_database()
