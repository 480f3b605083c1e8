-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:api_grants on pg

-- The whole of what tenant_api has on a table, a column counting only where it lacks the table.
SELECT 1 / (NOT has_any_column_privilege('tenant_api', 'tenants', 'INSERT')
            AND NOT has_table_privilege('tenant_api', 'tenants', 'DELETE')
            AND NOT has_column_privilege('tenant_api', 'tenants', 'api_key_hash', 'SELECT')
            AND NOT has_column_privilege('tenant_api', 'tenants', 'retiring_api_key_hash', 'SELECT')
            AND NOT has_column_privilege('tenant_api', 'tenants', 'status', 'UPDATE')
            AND NOT has_column_privilege('tenant_api', 'tenants', 'custom_domain', 'UPDATE')
            AND NOT has_column_privilege('tenant_api', 'users', 'password_hash', 'SELECT'))::integer;
SELECT 1 / (count(*) = 5)::integer
  FROM (VALUES ('calls'), ('messages'), ('recordings'), ('products'), ('users')) t (relation)
 WHERE has_any_column_privilege('tenant_api', relation, 'SELECT')
   AND has_any_column_privilege('tenant_api', relation, 'INSERT')
   AND has_any_column_privilege('tenant_api', relation, 'UPDATE')
   AND has_table_privilege('tenant_api', relation, 'DELETE')
   AND NOT has_column_privilege('tenant_api', relation, 'id', 'UPDATE')
   AND NOT has_column_privilege('tenant_api', relation, 'tenant_id', 'UPDATE');
