-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:calls from pg

BEGIN;
CALL tenant_migration.undo('calls');
COMMIT;
