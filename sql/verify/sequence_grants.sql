-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:sequence_grants on pg

SELECT 1 / (coalesce(bool_and(has_sequence_privilege('tenant_admin', s.sequence, 'SELECT')), true))::integer
  FROM unnest('{tenants,calls,messages,recordings,settings,products}'::text[]) relation
 CROSS JOIN LATERAL (SELECT to_regclass(pg_get_serial_sequence(relation, 'id')) AS sequence) s
 WHERE s.sequence IS NOT NULL;
