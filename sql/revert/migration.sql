-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:migration from pg

BEGIN;
DO $$
BEGIN
  ASSERT NOT EXISTS (SELECT FROM tenant_migration.step), 'tenant_migration.step still records steps to undo';
END
$$;
SET LOCAL client_min_messages = warning;
DROP SCHEMA tenant_migration CASCADE;
COMMIT;
