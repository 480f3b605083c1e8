-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenants_checks on pg

SELECT 1 / (count(*) = 2)::integer
  FROM pg_constraint
 WHERE conrelid = 'tenants'::regclass
   AND conname IN ('tenants_status_check', 'tenants_id_check')
   AND contype = 'c'
   AND convalidated;
