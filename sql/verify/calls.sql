-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:calls on pg

SELECT id, sid, tenant_id, from_number, to_number, status, created_at FROM calls WHERE false;
SELECT 1 / count(*) FROM pg_constraint WHERE conrelid = 'calls'::regclass AND conname = 'calls_sid_key' AND contype = 'u';
