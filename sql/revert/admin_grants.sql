-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:admin_grants from pg

BEGIN;
REVOKE ALL ON tenants, calls, messages, recordings, settings, products, users FROM tenant_admin;
SELECT format('REVOKE ALL ON SEQUENCE %s FROM tenant_admin', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['tenants']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec
COMMIT;
