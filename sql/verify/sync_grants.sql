-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:sync_grants on pg

SELECT 1 / (count(*) = 22)::integer
  FROM (VALUES ('calls', '{status,from_number,to_number,direction,duration,parent_call_sid,answered_at,ended_at}'::text[]),
               ('messages', '{status,from_number,to_number,body,direction,error_code,num_media,media}'),
               ('recordings', '{status,call_sid,url,duration,channels,source}')) f (relation, names)
 CROSS JOIN unnest(names) name
 WHERE has_column_privilege('tenant_admin', relation, name, 'INSERT')
   AND has_column_privilege('tenant_admin', relation, name, 'UPDATE');
SELECT 1 / (NOT bool_or(has_column_privilege('tenant_admin', relation, name, 'UPDATE')))::integer
  FROM unnest('{calls,messages,recordings}'::text[]) relation, unnest('{id,tenant_id,sid,created_at}'::text[]) name;
SELECT 1 / (coalesce(bool_and(has_sequence_privilege('tenant_admin', tenant_migration.id_sequence(relation), 'USAGE')), true))::integer
  FROM unnest(ARRAY['calls', 'messages', 'recordings']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL;
