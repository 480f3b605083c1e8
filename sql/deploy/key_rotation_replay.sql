-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:key_rotation_replay to pg
--
-- A tenant whose answer to a rotation was lost has the former key only. What it asks with the same Idempotency-Key leads
-- the module to the same new key, whose hash it compares here; nothing is stored for that.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- hashes: of the key that asks, under each pepper. new_hashes: of the keys that it may have been given. Returns which of
-- these (from 1) is the current key, where the one that asks is the former one in its time of grace, since no more than a
-- day; else NULL.
CREATE FUNCTION tenant_rotated_key(tenant_id integer, hashes text[], new_hashes text[], grace_seconds integer)
RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT array_position(new_hashes, t.api_key_hash)
            FROM public.tenants t
           WHERE t.id = tenant_rotated_key.tenant_id
             AND t.retiring_api_key_hash = ANY (tenant_rotated_key.hashes)
             AND t.retiring_api_key_expires_at > now()
             AND t.retiring_api_key_expires_at - make_interval(secs => grace_seconds) > now() - interval '1 day');
END
$$;

REVOKE ALL ON FUNCTION tenant_rotated_key(integer, text[], text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_rotated_key(integer, text[], text[], integer) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_rotated_key(integer, text[], text[], integer) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
