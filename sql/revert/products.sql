-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:products from pg

BEGIN;
CALL tenant_migration.undo('products');
COMMIT;
