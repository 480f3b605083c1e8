-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:twilio_token_grace on pg

SELECT twilio_auth_token_previous, twilio_auth_token_previous_until FROM tenants WHERE false;
SELECT 1 / (has_column_privilege('tenant_api', 'tenants', 'twilio_auth_token_previous_until', 'UPDATE')
            AND NOT has_column_privilege('tenant_api', 'tenants', 'twilio_auth_token_previous', 'SELECT')
            AND NOT has_column_privilege('tenant_api', 'tenants', 'twilio_auth_token_previous', 'UPDATE'))::integer;
SELECT 1 / (count(*) = 1)::integer
  FROM pg_trigger
 WHERE tgrelid = 'tenants'::regclass AND tgfoid = 'tenant_token_grace()'::regprocedure AND tgenabled = 'O';
