-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:users_tenant_id on pg

SELECT tenant_id FROM users WHERE false;
SELECT 1 / count(*) FROM pg_constraint
 WHERE conrelid = 'users'::regclass AND confrelid = 'tenants'::regclass AND contype = 'f' AND confdeltype = 'c';
