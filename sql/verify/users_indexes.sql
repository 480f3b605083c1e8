-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:users_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'users_tenant_id_key', 'users_tenant_created_at_idx', 'users_tenant_updated_at_idx', 'users_tenant_email_key');
