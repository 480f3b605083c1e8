-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:sequence_grants to pg
--
-- tenant_admin sees how far the sequences of ids have come, those of later tables too: one that is behind its table's ids,
-- or at its end, stops all new rows.

BEGIN;
SET LOCAL lock_timeout = '2s';
SELECT format('GRANT SELECT ON SEQUENCE %s TO tenant_admin', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['tenants', 'calls', 'messages', 'recordings', 'settings', 'products']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec
SELECT format('GRANT SELECT ON SEQUENCE %s TO tenant_admin', s.sequence)
  FROM unnest('{tenants,calls,messages,recordings,settings,products}'::text[]) relation
 CROSS JOIN LATERAL (SELECT to_regclass(pg_get_serial_sequence(relation, 'id')) AS sequence) s
 WHERE s.sequence IS NOT NULL \gexec
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO tenant_admin;
COMMIT;
