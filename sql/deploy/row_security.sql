-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:row_security to pg
--
-- From here on a role that is neither the owner nor named in a policy sees no row.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users');
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE recordings ENABLE ROW LEVEL SECURITY;
ALTER TABLE settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE products ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
COMMIT;
