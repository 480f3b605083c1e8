-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:login_rehash to pg
--
-- A password whose hash has become too cheap is hashed anew when its owner logs in, for only then it is known. tenant_api
-- cannot read a hash, so it takes a function that compares and swaps: a password that was changed meanwhile stays changed.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('users');

GRANT UPDATE (password_hash) ON users TO tenant_lookup;
CREATE POLICY tenant_login_rehash ON users FOR UPDATE TO tenant_lookup
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());

-- Of a user of the tenant that the transaction runs for. Returns whether the hash was replaced.
CREATE FUNCTION user_rehash(id text, former text, present text)
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

REVOKE ALL ON FUNCTION user_rehash(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION user_rehash(text, text, text) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION user_rehash(text, text, text) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
