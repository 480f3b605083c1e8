-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:user_ids from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
CREATE OR REPLACE FUNCTION user_rehash(id text, former text, present text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.users u
     SET password_hash = user_rehash.present
   WHERE u.tenant_id = public.tenant_context() AND u.id = user_rehash.id AND u.password_hash = user_rehash.former;
  RETURN FOUND;
END
$$;
DROP FUNCTION user_id_of_email(integer, text);
DROP FUNCTION user_id(text);
COMMIT;
