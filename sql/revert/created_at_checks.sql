-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:created_at_checks from pg

BEGIN;
CALL tenant_migration.undo('created_at_checks');
UPDATE calls SET created_at = NULL
  FROM tenant_migration.backfilled_created_at b
 WHERE b.relation = 'calls' AND b.id = calls.id AND calls.created_at = 'epoch';
UPDATE messages SET created_at = NULL
  FROM tenant_migration.backfilled_created_at b
 WHERE b.relation = 'messages' AND b.id = messages.id AND messages.created_at = 'epoch';
UPDATE recordings SET created_at = NULL
  FROM tenant_migration.backfilled_created_at b
 WHERE b.relation = 'recordings' AND b.id = recordings.id AND recordings.created_at = 'epoch';
DELETE FROM tenant_migration.backfilled_created_at;
COMMIT;
