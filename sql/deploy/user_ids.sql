-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:user_ids to pg
--
-- users.id is text, or uuid where an earlier application has it so: its type stays, for tables that refer to it. The module
-- sends a text, and these take it for what the column has. Both are inlined, and so cost nothing and keep the indexes.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- user_id: the id that a text names; NULL where it can be none. user_id_of_email: as user_id_by_email, of that type.
SELECT format_type(atttypid, NULL) = 'uuid' AS is_uuid FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'id' \gset
\if :is_uuid
CREATE FUNCTION user_id(value text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN value::uuid END;
CREATE FUNCTION user_id_of_email(tenant_id integer, email text) RETURNS uuid LANGUAGE sql STABLE
RETURN user_id(user_id_by_email(tenant_id, email));
\else
CREATE FUNCTION user_id(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value;
CREATE FUNCTION user_id_of_email(tenant_id integer, email text) RETURNS text LANGUAGE sql STABLE
RETURN user_id_by_email(tenant_id, email);
\endif

-- As login_rehash has it, but for user_id().
CREATE OR REPLACE FUNCTION user_rehash(id text, former text, present text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.users u
     SET password_hash = user_rehash.present
   WHERE u.tenant_id = public.tenant_context() AND u.id = public.user_id(user_rehash.id)
     AND u.password_hash = user_rehash.former;
  RETURN FOUND;
END
$$;

COMMIT;
