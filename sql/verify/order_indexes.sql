-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:order_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'calls_tenant_from_number_created_at_idx', 'calls_tenant_to_number_created_at_idx',
    'calls_tenant_status_created_at_idx', 'messages_tenant_from_number_created_at_idx',
    'messages_tenant_to_number_created_at_idx', 'messages_tenant_status_created_at_idx',
    'recordings_tenant_call_sid_created_at_idx', 'recordings_tenant_duration_created_at_idx',
    'users_tenant_updated_at_created_at_idx', 'tenants_custom_domain_idx');
