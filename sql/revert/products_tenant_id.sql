-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:products_tenant_id from pg

BEGIN;
CALL tenant_migration.undo('products_tenant_id');
COMMIT;
