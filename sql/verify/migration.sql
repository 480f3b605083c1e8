-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:migration on pg

SELECT change, relation, undo, guard FROM tenant_migration.step WHERE false;
SELECT relation, id FROM tenant_migration.backfilled_created_at WHERE false;
SELECT tenant_migration.legacy_id();
