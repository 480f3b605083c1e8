-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:nodes on pg

SELECT 1 / (has_function_privilege('tenant_api', 'node_seen(text, bigint, text, text[], text[])', 'EXECUTE')
            AND has_function_privilege('tenant_api', 'node_ended(text, bigint)', 'EXECUTE')
            AND NOT has_table_privilege('tenant_api', 'nodes', 'SELECT, INSERT, UPDATE, DELETE')
            AND has_table_privilege('tenant_admin', 'nodes', 'SELECT')
            AND NOT has_table_privilege('tenant_admin', 'nodes', 'INSERT, UPDATE, DELETE'))::integer;
SELECT 1 / (count(*) = 2)::integer
  FROM pg_proc
 WHERE oid IN ('node_seen(text, bigint, text, text[], text[])'::regprocedure, 'node_ended(text, bigint)'::regprocedure)
   AND prosecdef AND proowner = 'tenant_lookup'::regrole
   AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
