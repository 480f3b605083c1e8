-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:settings from pg

BEGIN;
CALL tenant_migration.undo('settings');
COMMIT;
