-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:twilio_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'calls_tenant_direction_idx', 'calls_tenant_direction_created_at_idx',
    'calls_tenant_parent_call_sid_idx', 'calls_tenant_parent_call_sid_created_at_idx',
    'messages_tenant_direction_idx', 'messages_tenant_direction_created_at_idx',
    'messages_tenant_error_code_idx', 'messages_tenant_error_code_created_at_idx',
    'recordings_tenant_status_idx', 'recordings_tenant_status_created_at_idx');
