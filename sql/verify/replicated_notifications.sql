-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:replicated_notifications on pg

SELECT 1 / (count(*) = 2)::integer
  FROM pg_trigger
 WHERE tgenabled = 'R'
   AND (tgrelid = 'tenants'::regclass AND tgfoid = 'tenant_replicated()'::regprocedure
        OR tgrelid = 'users'::regclass AND tgfoid = 'tenant_login_replicated()'::regprocedure);
SELECT 1 / (count(*) = 2)::integer
  FROM pg_trigger
 WHERE tgenabled = 'A' AND tgname IN ('tenant_changed_truncate', 'tenant_login_changed_truncate');
