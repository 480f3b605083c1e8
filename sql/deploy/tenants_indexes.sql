-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenants_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'tenants_indexes', 'tenants',
  VARIADIC ARRAY['tenants_name_idx', 'tenants_status_idx']);
SELECT tenant_migration.broken_indexes('tenants') \gexec
CREATE INDEX CONCURRENTLY IF NOT EXISTS tenants_name_idx ON tenants (name, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS tenants_status_idx ON tenants (status, id);
