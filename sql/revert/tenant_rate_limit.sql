-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:tenant_rate_limit from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP FUNCTION tenant_rate_limit(integer);
REVOKE SELECT (rate_limit) ON tenants FROM tenant_lookup;
ALTER TABLE tenants DROP CONSTRAINT tenants_rate_limit_check;
CALL tenant_migration.undo('tenant_rate_limit');
COMMIT;
