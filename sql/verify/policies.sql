-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:policies on pg

SELECT 1 / (count(*) = 7)::integer
  FROM pg_policies
 WHERE schemaname = 'public'
   AND tablename IN ('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users')
   AND policyname = 'tenant'
   AND permissive = 'PERMISSIVE'
   AND roles = '{tenant_api}'
   AND cmd = 'ALL'
   AND qual = CASE tablename WHEN 'tenants' THEN '(id = tenant_context())' ELSE '(tenant_id = tenant_context())' END
   AND with_check = qual;
