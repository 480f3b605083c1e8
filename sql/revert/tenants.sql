-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:tenants from pg

BEGIN;
CALL tenant_migration.undo('tenants');
COMMIT;
