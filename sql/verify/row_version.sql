-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:row_version on pg

SELECT 1 / (count(*) = 0)::integer
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid AND c.relnamespace = 'public'::regnamespace
 WHERE p.polname = 'tenant' AND c.relname <> 'idempotency_keys'
   AND NOT (EXISTS (SELECT FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'row_version' AND a.atttypid = 'bigint'::regtype AND a.attnotnull
                       AND a.atthasdef)
            AND EXISTS (SELECT FROM pg_trigger g
                         WHERE g.tgrelid = c.oid AND g.tgfoid = 'tenant_row_version()'::regprocedure AND g.tgenabled = 'O'));
SELECT 1 / (has_column_privilege('tenant_api', 'tenants', 'row_version', 'SELECT')
            AND has_column_privilege('tenant_api', 'users', 'row_version', 'SELECT')
            AND has_column_privilege('tenant_admin', 'users', 'row_version', 'SELECT'))::integer;
SELECT 1 / (prosrc LIKE '%CALL tenant\_table\_version(resource)%')::integer
  FROM pg_proc
 WHERE oid = 'tenant_table_secure(regclass, name[], name[], name[])'::regprocedure;
