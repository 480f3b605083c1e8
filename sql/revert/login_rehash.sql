-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:login_rehash from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP FUNCTION user_rehash(text, text, text);
DROP POLICY tenant_login_rehash ON users;
REVOKE UPDATE (password_hash) ON users FROM tenant_lookup;
COMMIT;
