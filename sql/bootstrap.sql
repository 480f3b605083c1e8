-- SPDX-License-Identifier: Apache-2.0
-- The roles of mod_tenant and what only their maker can give them. Run once per database, before Sqitch; running it
-- again changes nothing. It sets no password: use peer authentication, a passfile, or ALTER ROLE by hand.
--
-- By a superuser, or, where there is none (managed PostgreSQL), by the owner of the database with CREATEROLE. Such a one
-- cannot give all of it; docs/install.md says what is lost.
--
--     psql -X -d DATABASE -f bootstrap.sql [-v api_statement_timeout=4s] [-v admin_statement_timeout=30s]

\set ON_ERROR_STOP on
\if :{?api_statement_timeout}
\else
  \set api_statement_timeout 4s
\endif
\if :{?admin_statement_timeout}
\else
  \set admin_statement_timeout 30s
\endif

SET client_min_messages = warning;
SET search_path = pg_catalog, pg_temp;
-- Writers that queue behind a lock of ours wait no longer than this. Run the file again where it gives up.
SET lock_timeout = '500ms';
SELECT set_config('deadlock_timeout', '50ms', false) WHERE has_parameter_privilege('deadlock_timeout', 'SET') \g /dev/null

BEGIN;

DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY '{tenant_owner,tenant_api,tenant_admin,tenant_lookup}'::text[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I', role);
    END IF;
  END LOOP;
END
$$;

-- FORCE ROW LEVEL SECURITY binds an owner too: without BYPASSRLS, or the policies of the change owner_policies, a backfill
-- silently changes no row, and pg_dump writes no data. Who is no superuser may not even name what a role lacks already.
DO $$
DECLARE
  change record;
BEGIN
  FOR change IN
    SELECT r.rolname, string_agg(CASE WHEN a.wanted THEN '' ELSE 'NO' END || a.attribute, ' ') AS attributes
      FROM (VALUES ('tenant_owner', true, true), ('tenant_api', true, false), ('tenant_admin', true, false),
                   ('tenant_lookup', false, false)) w (name, login, bypassrls)
      JOIN pg_roles r ON r.rolname = w.name
     CROSS JOIN LATERAL (VALUES
             ('LOGIN', w.login, r.rolcanlogin),
             ('BYPASSRLS', w.bypassrls, r.rolbypassrls),
             ('CREATEROLE', false, r.rolcreaterole),
             ('SUPERUSER', false, r.rolsuper),
             ('CREATEDB', false, r.rolcreatedb),
             ('REPLICATION', false, r.rolreplication)) a (attribute, wanted, has)
     WHERE a.wanted <> a.has
       AND NOT (a.attribute = 'BYPASSRLS' AND a.wanted
                AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
     GROUP BY r.rolname
  LOOP
    EXECUTE format('ALTER ROLE %I WITH %s', change.rolname, change.attributes);
  END LOOP;
  IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'tenant_owner') THEN
    RAISE WARNING '% is no superuser and cannot give tenant_owner BYPASSRLS: the policies tenant_owner stand in for it',
      current_user;
  END IF;
END
$$;

-- tenant_owner gives the lookup functions to tenant_lookup, which takes a member of it.
GRANT tenant_lookup TO tenant_owner;

-- Settings belong to the roles: PgBouncer refuses them among a connection's options.
-- force_generic_plan: the plan that EXPLAIN shows in a test is the one that runs. enable_incremental_sort: a list of rows
-- that lack a value is in the order of what follows that in its index, and not to be sorted by it from a smaller one.
ALTER ROLE tenant_api SET plan_cache_mode = force_generic_plan;
ALTER ROLE tenant_api SET jit = off;
ALTER ROLE tenant_api SET enable_incremental_sort = off;
ALTER ROLE tenant_api SET statement_timeout = :'api_statement_timeout';
ALTER ROLE tenant_api SET lock_timeout = '2s';
ALTER ROLE tenant_api SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE tenant_api SET client_connection_check_interval = '2s';

ALTER ROLE tenant_admin SET plan_cache_mode = force_generic_plan;
ALTER ROLE tenant_admin SET jit = off;
ALTER ROLE tenant_admin SET enable_incremental_sort = off;
ALTER ROLE tenant_admin SET statement_timeout = :'admin_statement_timeout';
ALTER ROLE tenant_admin SET lock_timeout = '2s';
ALTER ROLE tenant_admin SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE tenant_admin SET client_connection_check_interval = '2s';

-- While a deploy script runs in psql, Sqitch's own connection is idle in a transaction: no timeout for that here.
ALTER ROLE tenant_owner SET statement_timeout = 0;
ALTER ROLE tenant_owner SET lock_timeout = '2s';
ALTER ROLE tenant_owner SET idle_in_transaction_session_timeout = 0;

-- log_parameter_max_length = 0: else log_statement = all prints passwords and hashes.
DO $$
DECLARE
  role text;
  parameter text;
BEGIN
  FOREACH role IN ARRAY '{tenant_owner,tenant_api,tenant_admin}'::text[] LOOP
    EXECUTE format('ALTER ROLE %I SET timezone = %L', role, 'UTC');
    EXECUTE format('ALTER ROLE %I SET datestyle = %L', role, 'ISO, YMD');
    -- pg_temp last: where it is not named, a temporary table takes the place of any other of its name.
    EXECUTE format('ALTER ROLE %I SET search_path = public, pg_temp', role);
    -- The level that the statements were written for: at a higher one they fail for each other's sake.
    EXECUTE format('ALTER ROLE %I SET default_transaction_isolation = %L', role, 'read committed');
    EXECUTE format('ALTER ROLE %I SET row_security = on', role);
  END LOOP;
  FOREACH parameter IN ARRAY '{log_parameter_max_length,log_parameter_max_length_on_error}'::text[] LOOP
    IF has_parameter_privilege(parameter, 'SET') OR (SELECT context = 'user' FROM pg_settings WHERE name = parameter) THEN
      EXECUTE format('ALTER ROLE tenant_owner SET %s = 0', parameter);
      EXECUTE format('ALTER ROLE tenant_api SET %s = 0', parameter);
      EXECUTE format('ALTER ROLE tenant_admin SET %s = 0', parameter);
    ELSIF current_setting(parameter) <> '0' THEN
      RAISE WARNING '% may not set %: set it to 0 for the whole server, else its log can hold passwords and hashes',
        current_user, parameter;
    END IF;
  END LOOP;
  -- deadlock_timeout: a migration that waits for an autovacuum has it cancelled after that time, with writers queueing
  -- behind the migration meanwhile.
  FOREACH parameter IN ARRAY '{log_parameter_max_length,log_parameter_max_length_on_error,deadlock_timeout}'::text[] LOOP
    IF has_parameter_privilege(parameter, 'SET WITH GRANT OPTION') THEN
      EXECUTE format('GRANT SET ON PARAMETER %s TO tenant_owner', parameter);
    END IF;
  END LOOP;
END
$$;

-- CREATE on the database for Sqitch's registry and the record of the migration, each in a schema of its own.
GRANT CONNECT, CREATE ON DATABASE :"DBNAME" TO tenant_owner;
GRANT CONNECT ON DATABASE :"DBNAME" TO tenant_api, tenant_admin;
GRANT USAGE, CREATE ON SCHEMA public TO tenant_owner WITH GRANT OPTION;
GRANT USAGE ON SCHEMA public TO tenant_api, tenant_admin, tenant_lookup;

-- No temporary tables for those who serve requests: SQL of the site's own could leave one on a connection that requests of
-- other tenants come to use. Roles have that privilege by PUBLIC; each that there is keeps it by name, for an application
-- that shares the database. A role that is made later and wants it: GRANT TEMPORARY ON DATABASE … TO ….
DO $$
DECLARE
  role name;
BEGIN
  IF has_database_privilege('tenant_api', current_database(), 'TEMPORARY') THEN
    FOR role IN
      SELECT rolname FROM pg_roles
       WHERE NOT rolsuper AND NOT starts_with(rolname, 'pg_') AND rolname NOT IN ('tenant_api', 'tenant_admin', 'tenant_lookup')
    LOOP
      EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), role);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, tenant_api, tenant_admin, tenant_lookup', current_database());
  END IF;
END
$$;

-- Who owns neither the schema nor the database is only warned by GRANT.
DO $$
BEGIN
  IF NOT has_schema_privilege('tenant_owner', 'public', 'CREATE WITH GRANT OPTION')
     OR NOT has_database_privilege('tenant_owner', current_database(), 'CREATE') THEN
    RAISE EXCEPTION '% may not let tenant_owner create: run this as the owner of the database and of its schema public',
      current_user;
  END IF;
END
$$;

-- A live database's tables stay with their owner, whose privileges tenant_owner shares to migrate them. Only a
-- superuser's tables change hands, since sharing a superuser's privileges would make tenant_owner one.
DO $$
DECLARE
  old record;
BEGIN
  FOR old IN
    SELECT c.oid::regclass AS relation, r.rolname, r.rolsuper
      FROM pg_class c
      JOIN pg_roles r ON r.oid = c.relowner
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind = 'r'
       AND c.relname IN ('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users')
       AND r.rolname <> 'tenant_owner'
  LOOP
    IF old.rolsuper THEN
      EXECUTE format('ALTER TABLE %s OWNER TO tenant_owner', old.relation);
    ELSE
      EXECUTE format('GRANT %I TO tenant_owner', old.rolname);
    END IF;
  END LOOP;
END
$$;

COMMIT;
