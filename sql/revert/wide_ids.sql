-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:wide_ids from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.undo('wide_ids');
DROP PROCEDURE tenant_migration.widen_ids(text);
COMMIT;
