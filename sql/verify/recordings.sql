-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:recordings on pg

SELECT id, sid, tenant_id, call_sid, url, duration, created_at FROM recordings WHERE false;
SELECT 1 / count(*) FROM pg_constraint WHERE conrelid = 'recordings'::regclass AND conname = 'recordings_sid_key' AND contype = 'u';
