-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:api_grants from pg

BEGIN;
REVOKE ALL ON tenants, calls, messages, recordings, settings, products, users FROM tenant_api;
SELECT format('REVOKE ALL ON SEQUENCE %s FROM tenant_api', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['calls', 'messages', 'recordings', 'settings', 'products']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec
COMMIT;
