-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:login_rehash on pg

SELECT 1 / (has_function_privilege('tenant_api', 'user_rehash(text, text, text)', 'EXECUTE')
            AND NOT has_function_privilege('tenant_admin', 'user_rehash(text, text, text)', 'EXECUTE')
            AND NOT has_column_privilege('tenant_api', 'users', 'password_hash', 'SELECT')
            AND has_column_privilege('tenant_lookup', 'users', 'password_hash', 'UPDATE'))::integer;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_proc
 WHERE oid = 'user_rehash(text, text, text)'::regprocedure
   AND prosecdef AND proowner = 'tenant_lookup'::regrole AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
SELECT 1 / (count(*) = 1)::integer
  FROM pg_policy WHERE polrelid = 'users'::regclass AND polname = 'tenant_login_rehash' AND polcmd = 'w';
