-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:idempotency_keys from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'idempotency_keys');
DROP FUNCTION idempotency_purge(integer, text);
DROP TABLE idempotency_keys;
COMMIT;
