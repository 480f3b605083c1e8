-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:idempotency_keys on pg

CALL tenant_table_check('idempotency_keys');
SELECT 1 / (has_column_privilege('tenant_api', 'idempotency_keys', 'answer', 'SELECT, INSERT')
            AND NOT has_any_column_privilege('tenant_api', 'idempotency_keys', 'UPDATE')
            AND NOT has_table_privilege('tenant_api', 'idempotency_keys', 'DELETE'))::integer;
SELECT 1 / (has_function_privilege('tenant_api', 'idempotency_purge(integer, text)', 'EXECUTE')
            AND NOT has_function_privilege('tenant_admin', 'idempotency_purge(integer, text)', 'EXECUTE')
            AND NOT has_column_privilege('tenant_lookup', 'idempotency_keys', 'answer', 'SELECT'))::integer;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'idempotency_purge(integer, text)'::regprocedure
   AND prosecdef AND proowner = 'tenant_lookup'::regrole AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
SELECT 1 / (count(*) = 2)::integer
  FROM pg_policy
 WHERE polrelid = 'idempotency_keys'::regclass AND polroles = ARRAY['tenant_lookup'::regrole::oid]
   AND pg_get_expr(polqual, polrelid) = '(kept_at <= (now() - ''1 day''::interval))';
SELECT 1 / (count(*) = 2)::integer
  FROM pg_index
 WHERE indexrelid IN ('idempotency_keys_pkey'::regclass, 'idempotency_keys_kept_at_idx'::regclass) AND indisvalid;
