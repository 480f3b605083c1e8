-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:wide_ids on pg

-- A column that was widened has a sequence that goes as far. One that was too large for that is still integer.
SELECT 1 / (count(*) = 0)::integer
  FROM unnest('{calls,messages,recordings}'::text[]) relation
  JOIN pg_attribute a ON a.attrelid = relation::regclass AND a.attname = 'id' AND a.atttypid = 'bigint'::regtype
  JOIN pg_sequence s ON s.seqrelid = tenant_migration.id_sequence(relation::regclass)
 WHERE s.seqmax <= 2147483647;
SELECT 1 / (to_regprocedure('tenant_migration.widen_ids(text)') IS NOT NULL)::integer;
