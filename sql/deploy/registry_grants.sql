-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:registry_grants to pg
--
-- The module serves only a schema that it knows: it reads here which changes are deployed.

BEGIN;
SET LOCAL lock_timeout = '2s';
GRANT USAGE ON SCHEMA :"registry" TO tenant_api, tenant_admin;
GRANT SELECT ON :"registry".changes TO tenant_api, tenant_admin;
COMMIT;
