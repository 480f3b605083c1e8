-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:audit from pg
--
-- What it holds goes with it.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'users', 'settings', 'calls', 'messages', 'recordings', 'products', 'audit');
DROP TABLE audit;
DROP FUNCTION audit_change() CASCADE; -- and with it the triggers
DROP FUNCTION audit_removed() CASCADE;
DROP FUNCTION audit_purged(), audit_refuse(), audit_action(text, jsonb, jsonb), audit_changes(jsonb, jsonb, text[]), audit_shortened(jsonb),
  audit_is_erasure(text), audit_origin(text);
COMMIT;
