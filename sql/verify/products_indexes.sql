-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:products_indexes on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'products_tenant_id_key', 'products_tenant_name_idx');
