-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:users from pg

BEGIN;
SET LOCAL timezone = 'UTC';
CALL tenant_migration.undo('users');
COMMIT;
