-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:user_id_by_email on pg

SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'user_id_by_email(integer, text)'::regprocedure
   AND prosecdef AND provolatile = 's' AND proowner = 'tenant_lookup'::regrole
   AND proconfig = '{"search_path=pg_catalog, pg_temp"}'
   AND has_function_privilege('tenant_api', oid, 'EXECUTE')
   AND NOT has_function_privilege('tenant_admin', oid, 'EXECUTE');
