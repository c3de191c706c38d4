-- Whether the connected user can do what a refresh of a target does.
--
-- Parameters: $1 the live database's owner (text; null where there is no such database).
-- Columns: username, in_recovery, can_create_databases, can_end_sessions, can_act_as_owner, reached_directly.
--          reached_directly is false behind a pooler, whose sessions aren't ours: $2 is the client's backend pid.
SELECT current_user::text AS username,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       (SELECT r.rolcreatedb OR r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
           AS can_create_databases,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') AS can_end_sessions,
       $1::text IS NULL
           OR (pg_catalog.pg_has_role($1::name, 'USAGE')
               AND pg_catalog.pg_has_role(
                       $1::name,
                       -- From 16 on, membership alone isn't enough to hand something to a role.
                       CASE WHEN pg_catalog.current_setting('server_version_num')::int4 >= 160000
                            THEN 'SET' ELSE 'MEMBER' END)) AS can_act_as_owner,
       pg_catalog.pg_backend_pid() = $2::int4 AS reached_directly
