-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:key_rotation_replay on pg

SELECT 1 / (has_function_privilege('tenant_api', 'tenant_rotated_key(integer, text[], text[], integer)', 'EXECUTE')
            AND NOT has_function_privilege('tenant_admin', 'tenant_rotated_key(integer, text[], text[], integer)', 'EXECUTE'))::integer;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'tenant_rotated_key(integer, text[], text[], integer)'::regprocedure
   AND prosecdef AND proowner = 'tenant_lookup'::regrole AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
