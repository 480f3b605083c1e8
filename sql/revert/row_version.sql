-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:row_version from pg

BEGIN;
SET LOCAL lock_timeout = '2s';

DO $$
BEGIN
  EXECUTE replace(replace(pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure),
                          'GRANT SELECT (row_version, ', 'GRANT SELECT (xmin, '),
                  E'\n  CALL tenant_table_version(resource);', '');
END
$$;

DO $$
DECLARE
  relations regclass[] := ARRAY(SELECT tgrelid::regclass FROM pg_trigger WHERE tgfoid = 'tenant_row_version()'::regprocedure
                                 ORDER BY tgrelid::regclass::text);
  relation regclass;
BEGIN
  CALL tenant_migration.lock_tables(VARIADIC relations::text[]);
  FOREACH relation IN ARRAY relations LOOP
    EXECUTE format('DROP TRIGGER tenant_row_version ON %s', relation);
    EXECUTE format('ALTER TABLE %s DROP COLUMN row_version', relation);
  END LOOP;
END
$$;

DROP PROCEDURE tenant_table_version(regclass);
DROP FUNCTION tenant_row_version();
COMMIT;
