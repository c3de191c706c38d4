-- Makes a fresh PostgreSQL data directory look like an Aurora PostgreSQL cluster. Run once, as rdsadmin, when the
-- template data directory is made. Parameters: none. Result: none.
--
-- What Aurora's rds_superuser may do beyond a plain role, and by what it may here:
--   read statistics and all settings, see others' queries   member of pg_monitor
--   end other sessions                                      member of pg_signal_backend
--   CHECKPOINT                                              member of pg_checkpoint (15 and newer)
--   SET session_replication_role                            GRANT SET ON PARAMETER (15 and newer)
--   create subscriptions                                    member of pg_create_subscription (16 and newer)
--   create extensions that PostgreSQL keeps for superusers  marked trusted, see binaries.py
--   create foreign servers                                  USAGE on the wrapper, granted by its extension
--   use logical replication slots                           REPLICATION of the master user, see postgresql.py
-- Aurora does these inside its own server, and plain PostgreSQL leaves no way to grant them, so here they need
-- rdsadmin: creating event triggers, and publications FOR ALL TABLES or TABLES IN SCHEMA.
-- https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html

CREATE ROLE rds_superuser NOLOGIN;
CREATE ROLE rds_replication NOLOGIN;
CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_iam NOLOGIN;
CREATE ROLE rds_ad NOLOGIN;
CREATE ROLE rdsrepladmin NOLOGIN REPLICATION;

GRANT pg_monitor, pg_signal_backend, rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;

DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    GRANT pg_checkpoint TO rds_superuser WITH ADMIN OPTION;
    GRANT SET ON PARAMETER session_replication_role TO rds_superuser;
  END IF;
  IF current_setting('server_version_num')::int >= 160000 THEN
    GRANT pg_create_subscription TO rds_superuser WITH ADMIN OPTION;
  END IF;
END
$$;

CREATE DATABASE rdsadmin;

REVOKE ALL ON DATABASE rdsadmin FROM PUBLIC;
