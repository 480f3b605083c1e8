-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:filter_statistics from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE calls ALTER from_number RESET (n_distinct), ALTER to_number RESET (n_distinct),
                  ALTER status RESET (n_distinct);
ALTER TABLE messages ALTER from_number RESET (n_distinct), ALTER to_number RESET (n_distinct),
                     ALTER status RESET (n_distinct);
ALTER TABLE recordings ALTER call_sid RESET (n_distinct), ALTER duration RESET (n_distinct);
ALTER TABLE products ALTER name RESET (n_distinct);
ALTER TABLE users ALTER updated_at RESET (n_distinct);
ALTER TABLE tenants ALTER name RESET (n_distinct), ALTER status RESET (n_distinct);
COMMIT;
