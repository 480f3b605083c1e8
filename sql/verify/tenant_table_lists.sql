-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenant_table_lists on pg

SELECT 1 / (prosrc LIKE '%(tenant_id, \%I, \%s, id)%'
            AND NOT has_function_privilege('tenant_api', oid, 'EXECUTE'))::integer
  FROM pg_proc
 WHERE oid = 'tenant_table_secure(regclass, name[], name[], name[])'::regprocedure;
