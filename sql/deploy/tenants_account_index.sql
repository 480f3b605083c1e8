-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenants_account_index to pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes(
  'tenants_account_index', 'tenants',
  VARIADIC ARRAY['tenants_twilio_account_sid_idx']);
SELECT tenant_migration.broken_indexes('tenants') \gexec
CREATE INDEX CONCURRENTLY IF NOT EXISTS tenants_twilio_account_sid_idx ON tenants (twilio_account_sid, id)
 WHERE twilio_account_sid IS NOT NULL;
