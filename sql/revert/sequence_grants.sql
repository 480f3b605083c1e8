-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:sequence_grants from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON SEQUENCES FROM tenant_admin;
SELECT format('REVOKE SELECT ON SEQUENCE %s FROM tenant_admin', s.sequence)
  FROM unnest('{tenants,calls,messages,recordings,settings,products}'::text[]) relation
 CROSS JOIN LATERAL (SELECT tenant_migration.id_sequence(to_regclass(relation)) AS sequence
                      UNION SELECT to_regclass(pg_get_serial_sequence(relation, 'id'))) s
 WHERE s.sequence IS NOT NULL \gexec
COMMIT;
