-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:tenants_keys from pg

BEGIN;
CALL tenant_migration.undo('tenants_keys');
COMMIT;
