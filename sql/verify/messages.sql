-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:messages on pg

SELECT id, sid, tenant_id, from_number, to_number, status, created_at, body FROM messages WHERE false;
SELECT 1 / count(*) FROM pg_constraint WHERE conrelid = 'messages'::regclass AND conname = 'messages_sid_key' AND contype = 'u';
