-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:email_fold from pg
--
-- CONCURRENTLY holds up no writer, and cannot run in a transaction.

SET lock_timeout = 0;
CALL tenant_migration.claim_indexes('email_fold', 'users', 'users_tenant_email_lower_key');
SELECT tenant_migration.broken_indexes('users') \gexec
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_tenant_email_lower_key ON users (tenant_id, lower(email));

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
     AND lower(u.email) = lower(user_by_email.email);
END
$$;

CREATE OR REPLACE FUNCTION user_id_by_email(tenant_id integer, email text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT u.id
            FROM public.users u
           WHERE u.tenant_id = user_id_by_email.tenant_id
             AND lower(u.email) = lower(user_id_by_email.email));
END
$$;

COMMIT;

DROP INDEX CONCURRENTLY IF EXISTS users_tenant_email_key;
ALTER INDEX users_tenant_email_lower_key RENAME TO users_tenant_email_key;
DELETE FROM tenant_migration.step WHERE change = 'email_fold';
