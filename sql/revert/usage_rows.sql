-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:usage_rows from pg
--
-- What was counted stays in usage.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings');
DO $$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY '{calls,messages,recordings}'::text[] LOOP
    EXECUTE format('DROP TRIGGER usage_removed ON %I', relation);
    EXECUTE format('DROP POLICY tenant_lookup ON %I', relation);
  END LOOP;
END
$$;
DROP FUNCTION usage_note_removed(), usage_count(interval), usage_count_tenants(integer[], date);
REVOKE SELECT (tenant_id, created_at, duration) ON calls, recordings FROM tenant_lookup;
REVOKE SELECT (tenant_id, created_at) ON messages FROM tenant_lookup;
DROP TABLE usage_rounds, usage_removed;
COMMIT;
