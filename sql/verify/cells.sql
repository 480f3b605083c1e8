-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:cells on pg

SELECT 1 / (NOT has_any_column_privilege('tenant_api', 'tenant_moves', 'SELECT, INSERT, UPDATE')
            AND NOT has_table_privilege('tenant_api', 'tenant_moves', 'DELETE')
            AND has_column_privilege('tenant_admin', 'tenant_moves', 'state', 'SELECT')
            AND NOT has_column_privilege('tenant_admin', 'tenant_moves', 'tenant_row', 'SELECT')
            AND has_column_privilege('tenant_lookup', 'tenant_moves', 'answer', 'SELECT')
            AND has_column_privilege('tenant_lookup', 'tenant_moves', 'answer', 'UPDATE'))::integer;
SELECT 1 / (prosecdef AND proowner = 'tenant_lookup'::regrole AND proconfig = '{"search_path=pg_catalog, pg_temp"}')::integer
  FROM pg_proc
 WHERE oid = 'tenant_move_guard()'::regprocedure;
SELECT 1 / (prosrc LIKE '%public.tenant\_moves m%')::integer
  FROM pg_proc
 WHERE oid IN ('tenant_by_host(text)'::regprocedure, 'tenant_by_key(text[])'::regprocedure,
               'tenants_by_account(text, integer)'::regprocedure, 'usage_count(interval)'::regprocedure);
SELECT 1 / (prosrc LIKE '%CALL tenant\_table\_identity(resource)%')::integer
  FROM pg_proc
 WHERE oid = 'tenant_table_secure(regclass, name[], name[], name[])'::regprocedure;
SELECT 1 / (count(*) = 0)::integer
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relreplident NOT IN ('i', 'f')
   AND c.relname IN ('calls', 'messages', 'recordings', 'products', 'settings', 'users', 'audit', 'idempotency_keys', 'usage_removed');
