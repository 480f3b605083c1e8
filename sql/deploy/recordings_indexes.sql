-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:recordings_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'recordings_indexes', 'recordings',
  VARIADIC ARRAY['recordings_tenant_id_key', 'recordings_tenant_created_at_idx',
                 'recordings_tenant_call_sid_idx', 'recordings_tenant_duration_idx']);
SELECT tenant_migration.broken_indexes('recordings') \gexec
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_id_key ON recordings (tenant_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_created_at_idx ON recordings (tenant_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_call_sid_idx ON recordings (tenant_id, call_sid, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_duration_idx ON recordings (tenant_id, duration, id);
