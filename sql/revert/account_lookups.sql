-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:account_lookups from pg

BEGIN;
DROP FUNCTION tenants_by_account(text, integer);
REVOKE SELECT (twilio_account_sid, twilio_phone_number, twilio_auth_token, twilio_auth_token_previous,
               twilio_auth_token_previous_until)
    ON tenants FROM tenant_lookup;
COMMIT;
