-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:settings on pg

SELECT id, tenant_id, auto_record_calls FROM settings WHERE false;
SELECT 1 / count(*) FROM pg_constraint WHERE conrelid = 'settings'::regclass AND conname = 'settings_tenant_id_key' AND contype = 'u';
