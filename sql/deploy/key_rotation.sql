-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:key_rotation to pg
--
-- A tenant replaces its own API key. tenant_api can neither read nor write a hash, so it takes a function that compares and
-- swaps in one statement: of two rotations with the same key one finds it gone.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants');

GRANT UPDATE (api_key_hash, retiring_api_key_hash, retiring_api_key_expires_at) ON tenants TO tenant_lookup;
CREATE POLICY tenant_key_rotation ON tenants FOR UPDATE TO tenant_lookup USING (true) WITH CHECK (true);

-- hashes: of the key that asks, under each pepper. Returns 'rotated'; 'retiring' where the key is the former one in its time of
-- grace, which must not outlive itself; 'unknown' where it is neither any more. grace_seconds 0 ends the old key at once.
CREATE FUNCTION tenant_rotate_key(tenant_id integer, hashes text[], new_hash text, grace_seconds integer)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE public.tenants t
     SET api_key_hash = new_hash,
         retiring_api_key_hash = CASE WHEN grace_seconds > 0 THEN t.api_key_hash END,
         retiring_api_key_expires_at = CASE WHEN grace_seconds > 0 THEN now() + make_interval(secs => grace_seconds) END
   WHERE t.id = tenant_rotate_key.tenant_id AND t.api_key_hash = ANY (tenant_rotate_key.hashes);
  IF FOUND THEN
    RETURN 'rotated';
  END IF;
  PERFORM FROM public.tenants t
    WHERE t.id = tenant_rotate_key.tenant_id AND t.retiring_api_key_hash = ANY (tenant_rotate_key.hashes)
      AND t.retiring_api_key_expires_at > now();
  RETURN CASE WHEN FOUND THEN 'retiring' ELSE 'unknown' END;
END
$$;

REVOKE ALL ON FUNCTION tenant_rotate_key(integer, text[], text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_rotate_key(integer, text[], text, integer) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_rotate_key(integer, text[], text, integer) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
