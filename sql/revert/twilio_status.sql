-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:twilio_status from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP FUNCTION twilio_status_latest(text, text, text);
DROP FUNCTION twilio_status_rank(text, text);
COMMIT;
