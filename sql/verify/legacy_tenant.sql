-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:legacy_tenant on pg

SELECT 1 / (count(*) = count(t.id))::integer
  FROM tenant_migration.legacy_tenant l
  LEFT JOIN tenants t USING (id);
