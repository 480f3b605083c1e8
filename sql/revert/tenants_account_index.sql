-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:tenants_account_index from pg
--
-- DROP INDEX CONCURRENTLY holds up no writer, and cannot run in a transaction.

SET lock_timeout = 0;
SELECT undo FROM tenant_migration.step WHERE change = 'tenants_account_index' ORDER BY id DESC \gexec
DELETE FROM tenant_migration.step WHERE change = 'tenants_account_index';
