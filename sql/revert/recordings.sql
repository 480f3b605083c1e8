-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:recordings from pg

BEGIN;
CALL tenant_migration.undo('recordings');
COMMIT;
