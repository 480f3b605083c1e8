-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:usage_rows on pg

SELECT 1 / (count(*) = 0)::integer
  FROM unnest('{usage_removed,usage_rounds}'::regclass[]) relation, unnest('{tenant_api,tenant_admin}'::text[]) role
 WHERE has_table_privilege(role, relation, 'SELECT, INSERT, UPDATE, DELETE');
SELECT 1 / (count(*) = 3)::integer
  FROM pg_proc
 WHERE oid IN ('usage_count(interval)'::regprocedure, 'usage_count_tenants(integer[], date)'::regprocedure,
               'usage_note_removed()'::regprocedure)
   AND prosecdef AND proowner = 'tenant_lookup'::regrole
   AND proconfig = '{"search_path=pg_catalog, pg_temp"}';
SELECT 1 / (count(*) = 3)::integer
  FROM pg_trigger
 WHERE tgname = 'usage_removed' AND tgenabled = 'O'
   AND tgrelid IN ('calls'::regclass, 'messages'::regclass, 'recordings'::regclass);
SELECT 1 / (count(*) = 1)::integer FROM usage_rounds;
