-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:tenant_id_fkeys on pg

SELECT 1 / (count(DISTINCT conrelid) = 6 AND bool_and(convalidated) AND bool_and(confdeltype = 'c'))::integer
  FROM pg_constraint
 WHERE contype = 'f'
   AND confrelid = 'tenants'::regclass
   AND conrelid IN ('calls'::regclass, 'messages'::regclass, 'recordings'::regclass, 'settings'::regclass,
                    'products'::regclass, 'users'::regclass);
