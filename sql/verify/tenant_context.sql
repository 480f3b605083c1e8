-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenant_context on pg

BEGIN;
SET LOCAL mod_tenant.tenant_id = '999999999';
SELECT 1 / (tenant_context() = 999999999)::integer;
SET LOCAL mod_tenant.tenant_id = '1 OR true';
SELECT 1 / (tenant_context() IS NULL)::integer;
ROLLBACK;
