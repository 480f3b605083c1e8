-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:users to pg

BEGIN;
SET LOCAL lock_timeout = '2s';

SELECT to_regclass('public.users') IS NULL AS missing \gset
\if :missing
CREATE TABLE users (
  id text PRIMARY KEY,
  email text,
  password_hash text,
  created_at timestamptz,
  updated_at timestamptz
);
CALL tenant_migration.record('users', 'users', 'DROP TABLE users', 'SELECT id FROM users');
\else
CALL tenant_migration.lock_tables('users');
CALL tenant_migration.add_column('users', 'users', 'email', 'text', 'email IS NULL');
CALL tenant_migration.add_column('users', 'users', 'password_hash', 'text', 'password_hash IS NULL');
CALL tenant_migration.add_column('users', 'users', 'created_at', 'timestamptz', 'created_at IS NULL');
CALL tenant_migration.add_column('users', 'users', 'updated_at', 'timestamptz', 'updated_at IS NULL');

-- Times without a zone were local somewhere, which `--set legacy_timezone=ZONE` says. Where that is UTC the change of type
-- rewrites nothing. So does the way back in a session of tenant_owner, whose time zone that is.
\if :{?legacy_timezone}
\else
  \set legacy_timezone ''
\endif
SELECT set_config('tenant_migration.legacy_timezone', :'legacy_timezone', true) \g /dev/null

DO $$
DECLARE
  zone text := current_setting('tenant_migration.legacy_timezone');
  local_time record;
  made regtype;
BEGIN
  FOR local_time IN
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, pg_get_expr(d.adbin, d.adrelid) AS made
      FROM pg_attribute a
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = 'users'::regclass AND a.attname IN ('created_at', 'updated_at')
       AND a.atttypid = 'timestamp without time zone'::regtype
  LOOP
    IF zone = '' THEN
      RAISE EXCEPTION 'users.% has times without a zone, and there is no legacy_timezone: see precheck', local_time.name;
    END IF;
    made := NULL;
    IF local_time.made IS NOT NULL THEN
      EXECUTE format('SELECT pg_typeof(%s)', local_time.made) INTO made;
    END IF;
    -- A default that gives a local time would be taken for one of whatever zone the session has.
    IF made <> 'timestamp with time zone'::regtype THEN
      CALL tenant_migration.record('users', 'users', format('ALTER TABLE users ALTER %I SET DEFAULT %s', local_time.name,
                                                            local_time.made));
    END IF;
    PERFORM set_config('timezone', zone, true);
    EXECUTE format('ALTER TABLE users ALTER %I TYPE timestamp with time zone', local_time.name);
    CALL tenant_migration.record('users', 'users',
      format('ALTER TABLE users ALTER %I TYPE %s', local_time.name, local_time.type)
      || CASE WHEN zone <> 'UTC' THEN format(' USING %I AT TIME ZONE %L', local_time.name, zone) ELSE '' END);
    IF made <> 'timestamp with time zone'::regtype THEN
      EXECUTE format('ALTER TABLE users ALTER %I SET DEFAULT (%s)::timestamp AT TIME ZONE %L', local_time.name,
                     local_time.made, zone);
    END IF;
  END LOOP;
END
$$;

CALL tenant_migration.set_type('users', 'users', 'created_at', 'timestamp with time zone');
CALL tenant_migration.set_type('users', 'users', 'updated_at', 'timestamp with time zone');
\endif

COMMIT;
