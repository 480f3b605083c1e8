-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:twilio_columns on pg

SELECT 1 / (count(*) = 12)::integer
  FROM (VALUES ('calls', 'direction', 'character varying(32)'), ('calls', 'duration', 'integer'),
               ('calls', 'parent_call_sid', 'character varying(34)'), ('calls', 'answered_at', 'timestamp with time zone'),
               ('calls', 'ended_at', 'timestamp with time zone'), ('messages', 'direction', 'character varying(32)'),
               ('messages', 'error_code', 'integer'), ('messages', 'num_media', 'integer'), ('messages', 'media', 'text'),
               ('recordings', 'status', 'character varying(20)'), ('recordings', 'channels', 'integer'),
               ('recordings', 'source', 'character varying(40)')) f (relation, name, type)
  JOIN pg_attribute ON attrelid = relation::regclass AND attname = name AND format_type(atttypid, atttypmod) = type
 WHERE has_column_privilege('tenant_api', relation, name, 'SELECT')
   AND has_column_privilege('tenant_api', relation, name, 'INSERT')
   AND has_column_privilege('tenant_api', relation, name, 'UPDATE')
   AND has_column_privilege('tenant_admin', relation, name, 'SELECT');
SELECT 1 / (count(*) = 5)::integer
  FROM (VALUES ('calls', 'direction'), ('calls', 'parent_call_sid'), ('messages', 'direction'), ('messages', 'error_code'),
               ('recordings', 'status')) f (relation, name)
  JOIN pg_attribute ON attrelid = relation::regclass AND attname = name
 WHERE attoptions @> '{n_distinct=4}';
