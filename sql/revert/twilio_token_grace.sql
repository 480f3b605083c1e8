-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:twilio_token_grace from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP TRIGGER tenant_token_grace ON tenants;
DROP FUNCTION tenant_token_grace();
REVOKE SELECT (twilio_auth_token_previous_until), UPDATE (twilio_auth_token_previous_until) ON tenants FROM tenant_api;
CALL tenant_migration.undo('twilio_token_grace');
COMMIT;
