-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:sync_grants from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
REVOKE INSERT (tenant_id, sid, status, from_number, to_number, direction, duration, parent_call_sid, answered_at, ended_at),
       UPDATE (status, from_number, to_number, direction, duration, parent_call_sid, answered_at, ended_at)
    ON calls FROM tenant_admin;
REVOKE INSERT (tenant_id, sid, status, from_number, to_number, body, direction, error_code, num_media, media),
       UPDATE (status, from_number, to_number, body, direction, error_code, num_media, media)
    ON messages FROM tenant_admin;
REVOKE INSERT (tenant_id, sid, status, call_sid, url, duration, channels, source),
       UPDATE (status, call_sid, url, duration, channels, source)
    ON recordings FROM tenant_admin;
SELECT format('REVOKE USAGE ON SEQUENCE %s FROM tenant_admin', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['calls', 'messages', 'recordings']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec
COMMIT;
