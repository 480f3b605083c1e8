-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:calls_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'calls_tenant_id_key', 'calls_tenant_created_at_idx', 'calls_tenant_from_number_idx',
    'calls_tenant_to_number_idx', 'calls_tenant_status_idx');
