-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:messages_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'messages_indexes', 'messages',
  VARIADIC ARRAY['messages_tenant_id_key', 'messages_tenant_created_at_idx', 'messages_tenant_from_number_idx',
                 'messages_tenant_to_number_idx', 'messages_tenant_status_idx']);
SELECT tenant_migration.broken_indexes('messages') \gexec
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_id_key ON messages (tenant_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_created_at_idx ON messages (tenant_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_from_number_idx ON messages (tenant_id, from_number, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_to_number_idx ON messages (tenant_id, to_number, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_status_idx ON messages (tenant_id, status, id);
