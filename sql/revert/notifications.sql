-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:notifications from pg

BEGIN;
CALL tenant_migration.lock_tables('tenants', 'users');
DROP TRIGGER tenant_login_changed_insert ON users;
DROP TRIGGER tenant_login_changed_update ON users;
DROP TRIGGER tenant_login_changed_delete ON users;
DROP TRIGGER tenant_login_changed_truncate ON users;
DROP TRIGGER tenant_changed_insert ON tenants;
DROP TRIGGER tenant_changed_update ON tenants;
DROP TRIGGER tenant_changed_delete ON tenants;
DROP TRIGGER tenant_changed_truncate ON tenants;
DROP FUNCTION tenant_login_changed();
DROP FUNCTION tenant_changed();
DROP FUNCTION tenant_notify(text, integer[]);
COMMIT;
