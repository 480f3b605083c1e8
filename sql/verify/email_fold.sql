-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:email_fold on pg

SELECT 1 / (count(*) = 1)::integer
  FROM pg_index
 WHERE indexrelid = 'users_tenant_email_key'::regclass AND indisunique AND indisvalid
   AND pg_get_indexdef(indexrelid, 2, false) LIKE '%und-x-icu%';

SELECT 1 / (count(*) = 2)::integer
  FROM pg_proc
 WHERE oid IN ('user_by_email(integer, text)'::regprocedure, 'user_id_by_email(integer, text)'::regprocedure)
   AND prosrc LIKE '%lower(u.email COLLATE "und-x-icu") COLLATE "C"%' AND prosecdef AND proowner = 'tenant_lookup'::regrole;
