-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:created_at_not_null on pg

SELECT 1 / (count(*) = 3)::integer
  FROM pg_attribute
 WHERE attrelid IN ('calls'::regclass, 'messages'::regclass, 'recordings'::regclass)
   AND attname = 'created_at'
   AND attnotnull;
SELECT 1 / (count(*) = 5)::integer
  FROM pg_constraint
 WHERE contype = 'c' AND connamespace = 'public'::regnamespace
   AND convalidated
   AND conname IN ('calls_created_at_check', 'messages_created_at_check', 'recordings_created_at_check',
                   'users_created_at_check', 'users_updated_at_check');
