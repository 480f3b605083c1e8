-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:notifications on pg

SELECT 1 / (count(*) = 8)::integer
  FROM pg_trigger
 WHERE NOT tgisinternal
   AND tgenabled IN ('O', 'A')    -- replicated_notifications
   AND (tgrelid = 'tenants'::regclass AND tgfoid = 'tenant_changed()'::regprocedure
        OR tgrelid = 'users'::regclass AND tgfoid = 'tenant_login_changed()'::regprocedure);
