-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:wide_ids to pg
--
-- Ids of calls, messages and recordings go past 2147483647. PostgreSQL writes a table and its indexes anew for that, under a lock
-- that nobody passes: here only where that is soon done. A larger table keeps integer ids, which the module takes as well;
-- tenantctl doctor says when half of them are gone, and docs/operate.md what to do then.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- Whoever calls it by hand accepts how long the lock is held: about a minute for 10 million rows.
CREATE PROCEDURE tenant_migration.widen_ids(relation text) LANGUAGE plpgsql AS $$
DECLARE
  sequence regclass := tenant_migration.id_sequence(relation::regclass);
BEGIN
  CALL tenant_migration.lock_tables(relation);
  CALL tenant_migration.set_type('wide_ids', relation, 'id', 'bigint', format('SELECT id FROM %I WHERE id > 2147483647', relation));
  -- An identity column's sequence has followed by itself.
  IF (SELECT seqtypid FROM pg_sequence WHERE seqrelid = sequence) = 'integer'::regtype THEN
    EXECUTE format('ALTER SEQUENCE %s AS bigint', sequence);
    CALL tenant_migration.record('wide_ids', relation, format('ALTER SEQUENCE %s AS integer', sequence));
  END IF;
END
$$;

DO $$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY '{calls,messages,recordings}'::text[] LOOP
    IF (SELECT atttypid FROM pg_attribute WHERE attrelid = relation::regclass AND attname = 'id') = 'bigint'::regtype THEN
      CONTINUE;
    ELSIF (SELECT relkind FROM pg_class WHERE oid = relation::regclass) = 'p' THEN
      RAISE NOTICE '% keeps its integer ids, for it has partitions: make it one table, widen them, divide it again', relation;
    ELSIF pg_relation_size(relation::regclass) <= 16 * 1024 * 1024 THEN
      CALL tenant_migration.widen_ids(relation);
    ELSE
      RAISE NOTICE '% keeps its integer ids, for it is large: CALL tenant_migration.widen_ids(%) when you can do without it for a while',
        relation, quote_literal(relation);
    END IF;
  END LOOP;
END
$$;

COMMIT;
