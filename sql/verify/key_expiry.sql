-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:key_expiry on pg

SELECT milliseconds_left FROM tenant_by_key('{}');

SELECT 1 / count(*)
  FROM pg_proc
 WHERE oid = 'tenant_by_key(text[])'::regprocedure
   AND proowner = 'tenant_lookup'::regrole
   AND prosecdef
   AND provolatile = 's'
   AND proconfig = '{"search_path=pg_catalog, pg_temp"}'
   AND has_function_privilege('tenant_api', oid, 'EXECUTE')
   AND NOT has_function_privilege('tenant_admin', oid, 'EXECUTE');
