-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:filter_statistics on pg

SELECT 1 / (count(*) = 12)::integer
  FROM (VALUES ('calls', 'from_number'), ('calls', 'to_number'), ('calls', 'status'), ('messages', 'from_number'),
               ('messages', 'to_number'), ('messages', 'status'), ('recordings', 'call_sid'),
               ('recordings', 'duration'), ('products', 'name'), ('users', 'updated_at'), ('tenants', 'name'),
               ('tenants', 'status')) w (relation, name)
  JOIN pg_attribute ON attrelid = relation::regclass AND attname = name
 WHERE attoptions @> '{n_distinct=1000}';
