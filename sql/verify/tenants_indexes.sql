-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenants_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'tenants_name_idx', 'tenants_status_idx');
