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
-- A time without a zone is taken for UTC. In a session whose time zone that is, the change of type rewrites nothing.
SET LOCAL timezone = 'UTC';
CALL tenant_migration.add_column('users', 'users', 'created_at', 'timestamptz', 'created_at IS NULL');
CALL tenant_migration.set_type('users', 'users', 'created_at', 'timestamp with time zone');
CALL tenant_migration.add_column('users', 'users', 'updated_at', 'timestamptz', 'updated_at IS NULL');
CALL tenant_migration.set_type('users', 'users', 'updated_at', 'timestamp with time zone');
\endif

COMMIT;
