-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:time_range_checks to pg
--
-- No new row has a time that RFC 3339 cannot say, which has the years 0 to 9999. Rows that have one stay, but cannot be
-- changed until their time is mended; then `ALTER TABLE … VALIDATE CONSTRAINT …`.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings', 'users');
DO $$
DECLARE
  field record;
BEGIN
  FOR field IN
    SELECT relation, name
      FROM (VALUES ('calls', 'created_at'), ('messages', 'created_at'), ('recordings', 'created_at'), ('users', 'created_at'),
                   ('users', 'updated_at')) f (relation, name)
  LOOP
    CALL tenant_migration.add_constraint(
      'time_range_checks', field.relation, format('%s_%s_range_check', field.relation, field.name),
      format('CHECK (%1$I >= ''0001-01-01 00:00:00+00 BC'' AND %1$I < ''10000-01-01 00:00:00+00'') NOT VALID', field.name));
  END LOOP;
END
$$;

-- Tables of later resources get the same.
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure),
                  $q$ADD CHECK (isfinite(created_at))$q$,
                  $q$ADD CHECK (created_at >= ''0001-01-01 00:00:00+00 BC'' AND created_at < ''10000-01-01 00:00:00+00'')$q$);
END
$$;
COMMIT;

-- Checking the rows holds up no writer.
DO $$
DECLARE
  test record;
  keys text;
BEGIN
  FOR test IN
    SELECT conrelid::regclass AS relation, conname AS name, pg_get_expr(conbin, conrelid) AS condition
      FROM pg_constraint
     WHERE contype = 'c' AND NOT convalidated
       AND conname IN ('calls_created_at_range_check', 'messages_created_at_range_check', 'recordings_created_at_range_check',
                       'users_created_at_range_check', 'users_updated_at_range_check')
  LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', test.relation, test.name);
    EXCEPTION WHEN check_violation THEN
      EXECUTE format('SELECT string_agg(key, '', '') FROM (SELECT id::text AS key FROM %s WHERE NOT %s LIMIT 10) k',
                     test.relation, test.condition) INTO keys;
      RAISE WARNING '% is not validated: rows of % (the first ten: %) have a time outside of the years 0 to 9999',
                    test.name, test.relation, keys;
    END;
    COMMIT;
  END LOOP;
END
$$;
