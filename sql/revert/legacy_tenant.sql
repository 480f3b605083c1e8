-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:legacy_tenant from pg

BEGIN;
CALL tenant_migration.undo('legacy_tenant');
DELETE FROM tenant_migration.legacy_tenant;
COMMIT;
