-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:force_row_security from pg

BEGIN;
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users');
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE calls NO FORCE ROW LEVEL SECURITY;
ALTER TABLE messages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE recordings NO FORCE ROW LEVEL SECURITY;
ALTER TABLE settings NO FORCE ROW LEVEL SECURITY;
ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
COMMIT;
