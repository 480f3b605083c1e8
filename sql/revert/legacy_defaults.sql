-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:legacy_defaults from pg

BEGIN;
CALL tenant_migration.undo('legacy_defaults');
COMMIT;
