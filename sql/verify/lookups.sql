-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:lookups on pg

SELECT 1 / (count(*) = 3)::integer
  FROM pg_proc
 WHERE oid IN ('tenant_by_host(text)'::regprocedure, 'tenant_by_key(text[])'::regprocedure,
               'user_by_email(integer, text)'::regprocedure)
   AND proowner = 'tenant_lookup'::regrole
   AND prosecdef
   AND provolatile = 's'
   AND proconfig @> '{"search_path=pg_catalog, pg_temp"}'
   AND has_function_privilege('tenant_api', oid, 'EXECUTE')
   AND NOT has_function_privilege('tenant_admin', oid, 'EXECUTE');
