-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:statistics to pg
--
-- Statements are planned without knowing their tenant. Where one tenant owns nearly all rows the measured number of
-- tenants makes an index on tenant_id look useless, and every list would walk over the big tenant's rows.

BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE calls ALTER tenant_id SET (n_distinct = 1000);
ALTER TABLE messages ALTER tenant_id SET (n_distinct = 1000);
ALTER TABLE recordings ALTER tenant_id SET (n_distinct = 1000);
ALTER TABLE products ALTER tenant_id SET (n_distinct = 1000);
ALTER TABLE users ALTER tenant_id SET (n_distinct = 1000);
COMMIT;
ANALYZE tenants, calls, messages, recordings, settings, products, users;
