-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:created_at_not_null from pg

BEGIN;
CALL tenant_migration.undo('created_at_not_null');
COMMIT;
