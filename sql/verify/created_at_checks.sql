-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:created_at_checks on pg

SELECT 1 / (count(*) = 5)::integer
  FROM pg_constraint
 WHERE contype = 'c' AND connamespace = 'public'::regnamespace
   AND conname IN ('calls_created_at_check', 'messages_created_at_check', 'recordings_created_at_check',
                   'users_created_at_check', 'users_updated_at_check');
