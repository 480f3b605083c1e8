-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:admin_grants to pg
--
-- tenant_admin makes, changes and removes tenants; their rows go with them, by the foreign keys. It reads the rest to
-- count and to check it, but no password.

BEGIN;
SET LOCAL lock_timeout = '2s';
GRANT SELECT, INSERT, UPDATE, DELETE ON tenants TO tenant_admin;
GRANT SELECT ON calls, messages, recordings, settings, products TO tenant_admin;
GRANT SELECT (xmin, id, tenant_id, email, created_at, updated_at) ON users TO tenant_admin;
SELECT format('GRANT USAGE ON SEQUENCE %s TO tenant_admin', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['tenants']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec
COMMIT;
