-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:admin_grants on pg

SELECT 1 / (has_table_privilege('tenant_admin', 'tenants', 'SELECT')
            AND has_table_privilege('tenant_admin', 'tenants', 'INSERT')
            AND has_table_privilege('tenant_admin', 'tenants', 'UPDATE')
            AND has_table_privilege('tenant_admin', 'tenants', 'DELETE')
            AND NOT has_table_privilege('tenant_admin', 'calls', 'INSERT')
            AND NOT has_column_privilege('tenant_admin', 'users', 'password_hash', 'SELECT'))::integer;
