-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:recordings_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'recordings_tenant_id_key', 'recordings_tenant_created_at_idx', 'recordings_tenant_call_sid_idx',
    'recordings_tenant_duration_idx');
