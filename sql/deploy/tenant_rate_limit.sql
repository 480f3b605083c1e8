-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenant_rate_limit to pg
--
-- How many requests a tenant may send, where that is not what the server's configuration says: N/TIME, with burst=N behind
-- it or not. NULL: the server's. The administrator writes it. The module reads it with the other lookups.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants');
CALL tenant_migration.add_column('tenant_rate_limit', 'tenants', 'rate_limit', 'text', 'rate_limit IS NULL');
ALTER TABLE tenants ADD CONSTRAINT tenants_rate_limit_check
  CHECK (rate_limit ~ ('^([1-9][0-9]{0,5}|1000000)/'
                       '(([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s?'
                       '|([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m|([1-9]|1[0-9]|2[0-4])h)'
                       '( burst=([1-9][0-9]{0,5}|1000000))?$')) NOT VALID;

GRANT SELECT (rate_limit) ON tenants TO tenant_lookup;

CREATE FUNCTION tenant_rate_limit(tenant_id integer) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT t.rate_limit FROM public.tenants t WHERE t.id = tenant_rate_limit.tenant_id);
END
$$;

REVOKE ALL ON FUNCTION tenant_rate_limit(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_rate_limit(integer) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_rate_limit(integer) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;

-- Apart: the first one locked the table for no longer than the catalogue takes.
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_rate_limit_check;
COMMIT;
