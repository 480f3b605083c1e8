-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:policies from pg

BEGIN;
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users');
DROP POLICY tenant_lookup ON users;
DROP POLICY tenant_lookup ON tenants;
DROP POLICY tenant_admin ON tenants;
DROP POLICY tenant_admin ON calls;
DROP POLICY tenant_admin ON messages;
DROP POLICY tenant_admin ON recordings;
DROP POLICY tenant_admin ON settings;
DROP POLICY tenant_admin ON products;
DROP POLICY tenant_admin ON users;
DROP POLICY tenant ON tenants;
DROP POLICY tenant ON calls;
DROP POLICY tenant ON messages;
DROP POLICY tenant ON recordings;
DROP POLICY tenant ON settings;
DROP POLICY tenant ON products;
DROP POLICY tenant ON users;
COMMIT;
