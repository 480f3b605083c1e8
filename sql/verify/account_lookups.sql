-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:account_lookups on pg

SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'tenants_by_account(text, integer)'::regprocedure
   AND proowner = 'tenant_lookup'::regrole
   AND prosecdef
   AND provolatile = 's'
   AND proconfig @> '{"search_path=pg_catalog, pg_temp"}'
   AND has_function_privilege('tenant_api', oid, 'EXECUTE')
   AND NOT has_function_privilege('tenant_admin', oid, 'EXECUTE');
