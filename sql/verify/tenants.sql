-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenants on pg

SELECT id, name, status, api_key_hash, custom_domain, twilio_account_sid, twilio_auth_token, twilio_api_key_sid,
       twilio_api_key_secret, twilio_phone_number
  FROM tenants
 WHERE false;
SELECT 1 / count(*) FROM pg_constraint
 WHERE conrelid = 'tenants'::regclass AND conname = 'tenants_custom_domain_key' AND contype = 'u';
