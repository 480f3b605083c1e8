-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:number_width from pg

BEGIN;
CALL tenant_migration.undo('number_width');
COMMIT;
