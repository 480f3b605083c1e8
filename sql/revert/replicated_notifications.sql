-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:replicated_notifications from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'users');
ALTER TABLE users ENABLE TRIGGER tenant_login_changed_truncate;
ALTER TABLE tenants ENABLE TRIGGER tenant_changed_truncate;
DROP TRIGGER tenant_login_changed_replicated ON users;
DROP TRIGGER tenant_changed_replicated ON tenants;
DROP FUNCTION tenant_login_replicated();
DROP FUNCTION tenant_replicated();
COMMIT;
