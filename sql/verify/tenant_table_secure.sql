-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenant_table_secure on pg

SELECT 1 / (NOT has_function_privilege('tenant_api', 'tenant_table_secure(regclass, name[], name[], name[])', 'EXECUTE')
            AND NOT has_function_privilege('tenant_api', 'tenant_table_check(regclass)', 'EXECUTE'))::integer;
