-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenants_keys on pg

SELECT retiring_api_key_hash, retiring_api_key_expires_at FROM tenants WHERE false;
SELECT 1 / (count(*) = 2)::integer
  FROM pg_constraint
 WHERE conrelid = 'tenants'::regclass
   AND conname IN ('tenants_api_key_hash_key', 'tenants_retiring_api_key_hash_key')
   AND contype = 'u';
