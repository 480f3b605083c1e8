-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenant_rate_limit on pg

SELECT rate_limit FROM tenants WHERE false;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_constraint
 WHERE conrelid = 'tenants'::regclass AND conname = 'tenants_rate_limit_check' AND convalidated;
SELECT 1 / (NOT has_column_privilege('tenant_api', 'tenants', 'rate_limit', 'UPDATE'))::integer;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'tenant_rate_limit(integer)'::regprocedure
   AND proowner = 'tenant_lookup'::regrole
   AND prosecdef
   AND provolatile = 's'
   AND proconfig @> '{"search_path=pg_catalog, pg_temp"}'
   AND has_function_privilege('tenant_api', oid, 'EXECUTE')
   AND NOT has_function_privilege('tenant_admin', oid, 'EXECUTE');
