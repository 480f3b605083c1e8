-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:registry_grants from pg

BEGIN;
REVOKE SELECT ON :"registry".changes FROM tenant_api, tenant_admin;
REVOKE USAGE ON SCHEMA :"registry" FROM tenant_api, tenant_admin;
COMMIT;
