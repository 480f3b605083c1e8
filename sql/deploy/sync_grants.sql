-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:sync_grants to pg
--
-- tenant_admin merges what Twilio's lists show into the rows of any tenant (tenantctl twilio sync): those columns that events
-- write, and no id, sid or tenant of a row that is there.

BEGIN;
SET LOCAL lock_timeout = '2s';
GRANT INSERT (tenant_id, sid, status, from_number, to_number, direction, duration, parent_call_sid, answered_at, ended_at),
      UPDATE (status, from_number, to_number, direction, duration, parent_call_sid, answered_at, ended_at)
   ON calls TO tenant_admin;
GRANT INSERT (tenant_id, sid, status, from_number, to_number, body, direction, error_code, num_media, media),
      UPDATE (status, from_number, to_number, body, direction, error_code, num_media, media)
   ON messages TO tenant_admin;
GRANT INSERT (tenant_id, sid, status, call_sid, url, duration, channels, source),
      UPDATE (status, call_sid, url, duration, channels, source)
   ON recordings TO tenant_admin;
SELECT format('GRANT USAGE ON SEQUENCE %s TO tenant_admin', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['calls', 'messages', 'recordings']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec
COMMIT;
