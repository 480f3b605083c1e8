-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:filter_statistics to pg
--
-- Statements are planned without knowing the value of a filter. Where nearly all rows have the same one, the measured
-- number of values makes the index on the field look useless, and a list by a rare value would walk over all rows of its
-- tenant.

BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE calls ALTER from_number SET (n_distinct = 1000), ALTER to_number SET (n_distinct = 1000),
                  ALTER status SET (n_distinct = 1000);
ALTER TABLE messages ALTER from_number SET (n_distinct = 1000), ALTER to_number SET (n_distinct = 1000),
                     ALTER status SET (n_distinct = 1000);
ALTER TABLE recordings ALTER call_sid SET (n_distinct = 1000), ALTER duration SET (n_distinct = 1000);
ALTER TABLE products ALTER name SET (n_distinct = 1000);
ALTER TABLE users ALTER updated_at SET (n_distinct = 1000);
ALTER TABLE tenants ALTER name SET (n_distinct = 1000), ALTER status SET (n_distinct = 1000);
COMMIT;
ANALYZE tenants, calls, messages, recordings, products, users;
