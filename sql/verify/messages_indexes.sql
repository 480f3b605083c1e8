-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:messages_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'messages_tenant_id_key', 'messages_tenant_created_at_idx', 'messages_tenant_from_number_idx',
    'messages_tenant_to_number_idx', 'messages_tenant_status_idx');
