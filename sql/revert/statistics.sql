-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:statistics from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE calls ALTER tenant_id RESET (n_distinct);
ALTER TABLE messages ALTER tenant_id RESET (n_distinct);
ALTER TABLE recordings ALTER tenant_id RESET (n_distinct);
ALTER TABLE products ALTER tenant_id RESET (n_distinct);
ALTER TABLE users ALTER tenant_id RESET (n_distinct);
COMMIT;
