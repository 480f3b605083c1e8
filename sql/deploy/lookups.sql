-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:lookups to pg
--
-- What must be known before a tenant is: whose Host, key or login this is. RLS leaves such a read no row, and keeps it
-- off the index on lower(email), so these functions belong to a role whose own policy lets it read the columns named
-- here. search_path is fixed: a caller's temporary table must not stand in for ours.

BEGIN;
SET LOCAL lock_timeout = '2s';

GRANT SELECT (id, name, status, custom_domain, api_key_hash, retiring_api_key_hash, retiring_api_key_expires_at)
   ON tenants TO tenant_lookup;
GRANT SELECT (id, tenant_id, email, password_hash) ON users TO tenant_lookup;

-- host: lower case, without a port.
CREATE FUNCTION tenant_by_host(host text)
RETURNS TABLE (id integer, name text, status text, custom_domain text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT t.id, t.name::text, t.status::text, t.custom_domain
    FROM public.tenants t
   WHERE t.custom_domain = tenant_by_host.host;
END
$$;

-- hashes: of one key, under each pepper. retiring: it is the key before the current one, in its time of grace, which ends
-- after milliseconds_left, or in a day if that is earlier, without any row being changed: whoever keeps the answer must know.
-- NULL: it has no end.
-- The planner takes an array that it does not know for ten hashes, for which it would read a table of 1,000 tenants.
CREATE FUNCTION tenant_by_key(hashes text[])
RETURNS TABLE (id integer, name text, status text, custom_domain text, retiring boolean, milliseconds_left bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
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

-- password_hash is NULL where the login is disabled.
CREATE FUNCTION user_by_email(tenant_id integer, email text)
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

REVOKE ALL ON FUNCTION tenant_by_host(text), tenant_by_key(text[]), user_by_email(integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_by_host(text), tenant_by_key(text[]), user_by_email(integer, text) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_by_host(text) OWNER TO tenant_lookup;
ALTER FUNCTION tenant_by_key(text[]) OWNER TO tenant_lookup;
ALTER FUNCTION user_by_email(integer, text) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
