-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:calls_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'calls_indexes', 'calls',
  VARIADIC ARRAY['calls_tenant_id_key', 'calls_tenant_created_at_idx', 'calls_tenant_from_number_idx',
                 'calls_tenant_to_number_idx', 'calls_tenant_status_idx']);
SELECT tenant_migration.broken_indexes('calls') \gexec
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_id_key ON calls (tenant_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_created_at_idx ON calls (tenant_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_from_number_idx ON calls (tenant_id, from_number, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_to_number_idx ON calls (tenant_id, to_number, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_status_idx ON calls (tenant_id, status, id);
