-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:twilio_columns from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings');
ALTER TABLE calls ALTER direction RESET (n_distinct), ALTER parent_call_sid RESET (n_distinct);
ALTER TABLE messages ALTER direction RESET (n_distinct), ALTER error_code RESET (n_distinct);
ALTER TABLE recordings ALTER status RESET (n_distinct);
REVOKE INSERT (direction, duration, parent_call_sid, answered_at, ended_at),
       UPDATE (direction, duration, parent_call_sid, answered_at, ended_at)
    ON calls FROM tenant_api;
REVOKE INSERT (direction, error_code, num_media, media), UPDATE (direction, error_code, num_media, media)
    ON messages FROM tenant_api;
REVOKE INSERT (status, channels, source), UPDATE (status, channels, source) ON recordings FROM tenant_api;
CALL tenant_migration.undo('twilio_columns');
COMMIT;
