-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:key_rotation from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP FUNCTION tenant_rotate_key(integer, text[], text, integer);
DROP POLICY tenant_key_rotation ON tenants;
REVOKE UPDATE (api_key_hash, retiring_api_key_hash, retiring_api_key_expires_at) ON tenants FROM tenant_lookup;
COMMIT;
