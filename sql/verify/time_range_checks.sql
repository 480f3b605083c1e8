-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:time_range_checks on pg

SELECT 1 / (count(*) = 5)::integer
  FROM pg_constraint
 WHERE contype = 'c' AND connamespace = 'public'::regnamespace
   AND conname IN ('calls_created_at_range_check', 'messages_created_at_range_check', 'recordings_created_at_range_check',
                   'users_created_at_range_check', 'users_updated_at_range_check');

SELECT 1 / (prosrc LIKE '%ADD CHECK (created_at >= %')::integer
  FROM pg_proc
 WHERE oid = 'tenant_table_secure(regclass, name[], name[], name[])'::regprocedure;
