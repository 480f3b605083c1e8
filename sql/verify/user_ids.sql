-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:user_ids on pg

SELECT 1 / (count(*) = 2)::integer
  FROM pg_proc p
  JOIN pg_attribute a ON a.attrelid = 'users'::regclass AND a.attname = 'id'
 WHERE p.oid IN ('user_id(text)'::regprocedure, 'user_id_of_email(integer, text)'::regprocedure)
   AND p.prorettype = CASE a.atttypid WHEN 'uuid'::regtype THEN 'uuid'::regtype ELSE 'text'::regtype END;
