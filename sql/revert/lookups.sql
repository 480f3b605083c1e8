-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:lookups from pg

BEGIN;
DROP FUNCTION tenant_by_host(text);
DROP FUNCTION tenant_by_key(text[]);
DROP FUNCTION user_by_email(integer, text);
REVOKE SELECT (id, name, status, custom_domain, api_key_hash, retiring_api_key_hash, retiring_api_key_expires_at)
    ON tenants FROM tenant_lookup;
REVOKE SELECT (id, tenant_id, email, password_hash) ON users FROM tenant_lookup;
COMMIT;
