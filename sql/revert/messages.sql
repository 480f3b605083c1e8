-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:messages from pg

BEGIN;
CALL tenant_migration.undo('messages');
COMMIT;
