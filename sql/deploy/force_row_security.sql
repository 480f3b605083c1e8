-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:force_row_security to pg
--
-- From here on the owner, which an old application may be, sees no row either.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users');
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE calls FORCE ROW LEVEL SECURITY;
ALTER TABLE messages FORCE ROW LEVEL SECURITY;
ALTER TABLE recordings FORCE ROW LEVEL SECURITY;
ALTER TABLE settings FORCE ROW LEVEL SECURITY;
ALTER TABLE products FORCE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
COMMIT;
