-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:users_tenant_id to pg
--
-- A constant default costs no rewrite, and gives the rows of a writer that does not know the column their tenant;
-- legacy_defaults drops it.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('users', 'tenants');
CALL tenant_migration.add_column(
  'users_tenant_id', 'users', 'tenant_id',
  'integer NOT NULL' || coalesce(' DEFAULT ' || tenant_migration.legacy_id(), ''),
  'tenant_id IS NOT DISTINCT FROM ' || coalesce(tenant_migration.legacy_id()::text, 'NULL'));
CALL tenant_migration.add_tenant_key('users_tenant_id', 'users');
COMMIT;
