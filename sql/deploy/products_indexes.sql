-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:products_indexes to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'products_indexes', 'products',
  VARIADIC ARRAY['products_tenant_id_key', 'products_tenant_name_idx']);
SELECT tenant_migration.broken_indexes('products') \gexec
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS products_tenant_id_key ON products (tenant_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS products_tenant_name_idx ON products (tenant_id, name, id);
