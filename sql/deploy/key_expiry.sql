-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:key_expiry to pg
--
-- Whoever keeps the answer of tenant_by_key must know until when it holds: a key in its time of grace ends without any
-- row being changed.

BEGIN;
SET LOCAL lock_timeout = '2s';

DROP FUNCTION tenant_by_key(text[]);

-- hashes: of one key, under each pepper. retiring: it is the key before the current one, in its time of grace, which ends
-- after milliseconds_left, or a day from now if that is earlier; NULL: it has no end.
CREATE FUNCTION tenant_by_key(hashes text[])
RETURNS TABLE (id integer, name text, status text, custom_domain text, retiring boolean, milliseconds_left bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT t.id, t.name::text, t.status::text, t.custom_domain, false, NULL::bigint
    FROM public.tenants t
   WHERE t.api_key_hash = ANY (tenant_by_key.hashes)
   UNION ALL
  SELECT t.id, t.name::text, t.status::text, t.custom_domain, true,
         floor(1000 * extract(epoch FROM least(t.retiring_api_key_expires_at, now() + interval '1 day') - now()))::bigint
    FROM public.tenants t
   WHERE t.retiring_api_key_hash = ANY (tenant_by_key.hashes)
     AND t.retiring_api_key_expires_at > now();
END
$$;

REVOKE ALL ON FUNCTION tenant_by_key(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_by_key(text[]) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_by_key(text[]) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
