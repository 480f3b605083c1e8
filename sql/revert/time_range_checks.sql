-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:time_range_checks from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure),
                  $q$ADD CHECK (created_at >= ''0001-01-01 00:00:00+00 BC'' AND created_at < ''10000-01-01 00:00:00+00'')$q$,
                  $q$ADD CHECK (isfinite(created_at))$q$);
END
$$;
CALL tenant_migration.undo('time_range_checks');
COMMIT;
