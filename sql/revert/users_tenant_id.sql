-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:users_tenant_id from pg

BEGIN;
CALL tenant_migration.undo('users_tenant_id');
COMMIT;
