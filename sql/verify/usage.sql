-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:usage on pg

CALL tenant_table_check('usage');
SELECT 1 / (has_any_column_privilege('tenant_api', 'usage', 'SELECT')
            AND NOT has_any_column_privilege('tenant_api', 'usage', 'INSERT, UPDATE')
            AND NOT has_table_privilege('tenant_api', 'usage', 'DELETE')
            AND has_any_column_privilege('tenant_admin', 'usage', 'SELECT')
            AND NOT has_any_column_privilege('tenant_admin', 'usage', 'INSERT, UPDATE')
            AND NOT has_table_privilege('tenant_api', 'usage_flushes', 'SELECT, INSERT, UPDATE, DELETE')
            AND NOT has_table_privilege('tenant_admin', 'usage_flushes', 'SELECT, INSERT, UPDATE, DELETE'))::integer;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[])'::regprocedure
   AND prosecdef AND proowner = 'tenant_lookup'::regrole
   AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
