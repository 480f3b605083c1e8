-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:key_expiry from pg

BEGIN;
DROP FUNCTION tenant_by_key(text[]);

CREATE FUNCTION tenant_by_key(hashes text[])
RETURNS TABLE (id integer, name text, status text, custom_domain text, retiring boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT t.id, t.name::text, t.status::text, t.custom_domain, false
    FROM public.tenants t
   WHERE t.api_key_hash = ANY (tenant_by_key.hashes)
   UNION ALL
  SELECT t.id, t.name::text, t.status::text, t.custom_domain, true
    FROM public.tenants t
   WHERE t.retiring_api_key_hash = ANY (tenant_by_key.hashes)
     AND t.retiring_api_key_expires_at > now();
END
$$;

REVOKE ALL ON FUNCTION tenant_by_key(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_by_key(text[]) TO tenant_api;
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_by_key(text[]) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;
COMMIT;
