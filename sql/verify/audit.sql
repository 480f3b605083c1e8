-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:audit on pg

CALL tenant_table_check('audit');
SELECT 1 / (NOT has_any_column_privilege(role, 'audit', 'INSERT, UPDATE') AND NOT has_table_privilege(role, 'audit', 'DELETE, TRUNCATE')
            AND has_table_privilege(role, 'audit', 'SELECT'))::integer
  FROM unnest('{tenant_api,tenant_admin}'::text[]) role;
SELECT 1 / (has_table_privilege('tenant_lookup', 'audit', 'INSERT')
            AND NOT has_table_privilege('tenant_lookup', 'audit', 'SELECT, UPDATE, DELETE, TRUNCATE'))::integer;
SELECT 1 / (count(*) = 3)::integer
  FROM pg_proc
 WHERE oid IN ('audit_change()'::regprocedure, 'audit_removed()'::regprocedure, 'audit_purged()'::regprocedure)
   AND prosecdef AND proowner = 'tenant_lookup'::regrole AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
SELECT 1 / (count(*) = 19)::integer
  FROM pg_trigger
 WHERE tgname ~ '^audit_(change|update|rehash|truncate|refuse|purged|truncated)$' AND tgenabled = 'O';
