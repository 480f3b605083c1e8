-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:twilio_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take. What Twilio alone says is NULL in the rows that the API writes: an index without those
-- costs such a write nothing.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'twilio_indexes', 'calls',
  VARIADIC ARRAY['calls_tenant_direction_idx', 'calls_tenant_direction_created_at_idx',
                 'calls_tenant_parent_call_sid_idx', 'calls_tenant_parent_call_sid_created_at_idx']);
CALL tenant_migration.claim_indexes(
  'twilio_indexes', 'messages',
  VARIADIC ARRAY['messages_tenant_direction_idx', 'messages_tenant_direction_created_at_idx',
                 'messages_tenant_error_code_idx', 'messages_tenant_error_code_created_at_idx']);
CALL tenant_migration.claim_indexes(
  'twilio_indexes', 'recordings',
  VARIADIC ARRAY['recordings_tenant_status_idx', 'recordings_tenant_status_created_at_idx']);
SELECT tenant_migration.broken_indexes(relation) FROM unnest('{calls,messages,recordings}'::text[]) relation \gexec

CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_direction_idx ON calls (tenant_id, direction, id)
  WHERE direction IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_direction_created_at_idx ON calls (tenant_id, direction, created_at, id)
  WHERE direction IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_parent_call_sid_idx ON calls (tenant_id, parent_call_sid, id)
  WHERE parent_call_sid IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_parent_call_sid_created_at_idx ON calls (tenant_id, parent_call_sid, created_at, id)
  WHERE parent_call_sid IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_direction_idx ON messages (tenant_id, direction, id)
  WHERE direction IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_direction_created_at_idx ON messages (tenant_id, direction, created_at, id)
  WHERE direction IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_error_code_idx ON messages (tenant_id, error_code, id)
  WHERE error_code IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_error_code_created_at_idx ON messages (tenant_id, error_code, created_at, id)
  WHERE error_code IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_status_idx ON recordings (tenant_id, status, id)
  WHERE status IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_status_created_at_idx ON recordings (tenant_id, status, created_at, id)
  WHERE status IS NOT NULL;
