-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:created_at_backfill to pg
--
-- A NULL becomes the epoch: known to be no real time, and the last in every list. In batches, each its own transaction,
-- so that a writer of the same rows waits for a moment only.

DO $$
DECLARE
  relation text;
  changed integer;
BEGIN
  FOREACH relation IN ARRAY '{calls,messages,recordings}'::text[] LOOP
    LOOP
      EXECUTE format($q$
        WITH batch AS (
          SELECT id FROM %1$I WHERE created_at IS NULL LIMIT 2000 FOR UPDATE
        ), mended AS (
          UPDATE %1$I SET created_at = 'epoch' WHERE id IN (SELECT id FROM batch) RETURNING id
        )
        INSERT INTO tenant_migration.backfilled_created_at SELECT %1$L, id FROM mended $q$, relation);
      GET DIAGNOSTICS changed = ROW_COUNT;
      COMMIT;
      EXIT WHEN changed = 0;
    END LOOP;
  END LOOP;
END
$$;
