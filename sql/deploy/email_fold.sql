-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:email_fold to pg
--
-- Whether two e-mail addresses are one does not depend on the database's locale: in a Turkish one lower('INFO') is not
-- 'info'. "und-x-icu" is Unicode's own mapping, the same everywhere. COLLATE "C" keeps the order of the index off the
-- version of ICU.
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction. It waits for the transactions that are older than
-- itself, however long they take.

SET lock_timeout = 0;

DO $$
DECLARE
  complaints text[];
BEGIN
  IF getdatabaseencoding() <> 'UTF8' THEN
    RAISE EXCEPTION 'database % is encoded in %, not in UTF8', current_database(), getdatabaseencoding();
  END IF;
  complaints := ARRAY(
    SELECT format('users %s of tenant %s share the email %L', string_agg(id::text, ', ' ORDER BY id::text), tenant_id,
                  lower(email COLLATE "und-x-icu"))
      FROM users WHERE email IS NOT NULL
     GROUP BY tenant_id, lower(email COLLATE "und-x-icu") HAVING count(*) > 1
     LIMIT 11);
  IF complaints <> '{}' THEN
    RAISE EXCEPTION USING
      MESSAGE = 'users would have the same e-mail address, which this database''s locale has told apart by their case',
      DETAIL = array_to_string(complaints[1:10] || CASE WHEN cardinality(complaints) > 10 THEN '… and others'::text END, E'\n');
  END IF;
END
$$;

-- Under another name until the former index is gone.
CALL tenant_migration.claim_indexes('email_fold', 'users', 'users_tenant_email_fold_key');
SELECT tenant_migration.broken_indexes('users') \gexec
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_email_fold_key
    ON users (tenant_id, (lower(email COLLATE "und-x-icu") COLLATE "C"));

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE OR REPLACE FUNCTION user_by_email(tenant_id integer, email text)
RETURNS TABLE (id text, password_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT u.id::text, u.password_hash::text
    FROM public.users u
   WHERE u.tenant_id = user_by_email.tenant_id
     AND lower(u.email COLLATE "und-x-icu") COLLATE "C" = lower(user_by_email.email COLLATE "und-x-icu") COLLATE "C";
END
$$;

CREATE OR REPLACE FUNCTION user_id_by_email(tenant_id integer, email text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT u.id
            FROM public.users u
           WHERE u.tenant_id = user_id_by_email.tenant_id
             AND lower(u.email COLLATE "und-x-icu") COLLATE "C"
                 = lower(user_id_by_email.email COLLATE "und-x-icu") COLLATE "C");
END
$$;

COMMIT;

-- The module tells by this name what is taken.
DROP INDEX CONCURRENTLY IF EXISTS users_tenant_email_key;
ALTER INDEX users_tenant_email_fold_key RENAME TO users_tenant_email_key;
