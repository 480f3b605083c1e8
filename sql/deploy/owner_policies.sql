-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:owner_policies to pg
--
-- tenant_owner sees every row of its tables, as with BYPASSRLS, which only a superuser can give: later changes need that, and
-- pg_dump. No other role is bound by these policies.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users',
                                  'idempotency_keys');

-- Those of later resources as well, which have been secured by tenant_table_secure.
SELECT format('CREATE POLICY tenant_owner ON %s TO tenant_owner USING (true) WITH CHECK (true)', c.oid::regclass)
  FROM pg_class c
  JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant'
 WHERE c.relnamespace = 'public'::regnamespace \gexec

-- The table of a later resource gets one too: the procedure gains a statement, and is else as it was.
DO $$
DECLARE
  admin_policy text := $q$EXECUTE format('CREATE POLICY tenant_admin ON %s TO tenant_admin USING (true) WITH CHECK (true)', resource);$q$;
  former text := pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure);
  present text := replace(former, admin_policy,
                          admin_policy || E'\n  ' || replace(admin_policy, 'tenant_admin', 'tenant_owner'));
BEGIN
  IF present = former THEN
    RAISE EXCEPTION 'tenant_table_secure does not make the policy tenant_admin';
  END IF;
  EXECUTE present;
END
$$;

COMMIT;
