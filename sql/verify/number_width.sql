-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:number_width on pg

SELECT 1 / (count(*) = 4)::integer
  FROM pg_attribute
 WHERE attrelid IN ('calls'::regclass, 'messages'::regclass)
   AND attname IN ('from_number', 'to_number')
   AND format_type(atttypid, atttypmod) = 'character varying(320)';
