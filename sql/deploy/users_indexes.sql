-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:users_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'users_indexes', 'users',
  VARIADIC ARRAY['users_tenant_id_key', 'users_tenant_created_at_idx', 'users_tenant_updated_at_idx',
                 'users_tenant_email_key']);
SELECT tenant_migration.broken_indexes('users') \gexec

-- users_tenant_created_at_idx is in the order of the list, those without a time counting as the oldest: the very
-- expression that the module sorts by and puts its cursors into.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_id_key ON users (tenant_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_created_at_idx ON users
  (tenant_id, (CASE WHEN created_at IS NULL THEN '-infinity'::timestamptz ELSE created_at END), id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_updated_at_idx ON users (tenant_id, updated_at, id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_email_key ON users (tenant_id, lower(email));
