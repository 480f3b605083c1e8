-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:settings to pg

BEGIN;
SET LOCAL lock_timeout = '2s';

SELECT to_regclass('public.settings') IS NULL AS missing \gset
\if :missing
CREATE TABLE settings (
  id serial PRIMARY KEY,
  tenant_id integer UNIQUE NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  auto_record_calls boolean DEFAULT false
);
CALL tenant_migration.record('settings', 'settings', 'DROP TABLE settings', 'SELECT id FROM settings');
\else
-- The pre-check has found all of its columns and keys.
CALL tenant_migration.lock_tables('settings', 'tenants');
CALL tenant_migration.add_tenant_key('settings', 'settings');
\endif

COMMIT;
