-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:precheck on pg

SELECT 1 / (count(*) = 4)::integer
  FROM pg_roles
 WHERE rolname IN ('tenant_owner', 'tenant_api', 'tenant_admin', 'tenant_lookup');
