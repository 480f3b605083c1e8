-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:order_indexes to pg
--
-- Lists that are filtered by a field come in the order of id, which the index on it has, or of created_at, for which
-- these are.
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'order_indexes', 'calls',
  VARIADIC ARRAY['calls_tenant_from_number_created_at_idx', 'calls_tenant_to_number_created_at_idx',
                 'calls_tenant_status_created_at_idx']);
CALL tenant_migration.claim_indexes(
  'order_indexes', 'messages',
  VARIADIC ARRAY['messages_tenant_from_number_created_at_idx', 'messages_tenant_to_number_created_at_idx',
                 'messages_tenant_status_created_at_idx']);
CALL tenant_migration.claim_indexes(
  'order_indexes', 'recordings',
  VARIADIC ARRAY['recordings_tenant_call_sid_created_at_idx', 'recordings_tenant_duration_created_at_idx']);
CALL tenant_migration.claim_indexes('order_indexes', 'users', VARIADIC ARRAY['users_tenant_updated_at_created_at_idx']);
CALL tenant_migration.claim_indexes('order_indexes', 'tenants', VARIADIC ARRAY['tenants_custom_domain_idx']);
SELECT tenant_migration.broken_indexes(relation)
  FROM unnest('{calls,messages,recordings,users,tenants}'::text[]) relation \gexec

CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_from_number_created_at_idx
    ON calls (tenant_id, from_number, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_to_number_created_at_idx
    ON calls (tenant_id, to_number, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_tenant_status_created_at_idx
    ON calls (tenant_id, status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_from_number_created_at_idx
    ON messages (tenant_id, from_number, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_to_number_created_at_idx
    ON messages (tenant_id, to_number, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_tenant_status_created_at_idx
    ON messages (tenant_id, status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_call_sid_created_at_idx
    ON recordings (tenant_id, call_sid, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS recordings_tenant_duration_created_at_idx
    ON recordings (tenant_id, duration, created_at, id);
-- The expression is that of users_tenant_created_at_idx.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_updated_at_created_at_idx ON users
  (tenant_id, updated_at, (CASE WHEN created_at IS NULL THEN '-infinity'::timestamptz ELSE created_at END), id);
-- Tenants without a domain, in the order of their ids.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tenants_custom_domain_idx ON tenants (custom_domain, id);
