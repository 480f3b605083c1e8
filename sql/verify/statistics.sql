-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:statistics on pg

SELECT 1 / (count(*) = 5)::integer
  FROM pg_attribute
 WHERE attrelid IN ('calls'::regclass, 'messages'::regclass, 'recordings'::regclass, 'products'::regclass,
                    'users'::regclass)
   AND attname = 'tenant_id'
   AND attoptions @> '{n_distinct=1000}';
