-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:owner_policies from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users',
                                  'idempotency_keys');

DO $$
DECLARE
  owner_policy text := $q$
  EXECUTE format('CREATE POLICY tenant_owner ON %s TO tenant_owner USING (true) WITH CHECK (true)', resource);$q$;
BEGIN
  EXECUTE replace(pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure), owner_policy, '');
END
$$;

SELECT format('DROP POLICY tenant_owner ON %s', polrelid::regclass) FROM pg_policy WHERE polname = 'tenant_owner' \gexec
COMMIT;
