-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenants_account_index on pg

SELECT 1 / (count(*) = 0)::integer
  FROM tenant_migration.missing_indexes(
    'tenants_twilio_account_sid_idx');
