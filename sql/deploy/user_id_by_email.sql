-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:user_id_by_email to pg
--
-- Which user of a tenant has an e-mail address, for lists that are filtered by it. lower() may leak its argument, as far
-- as PostgreSQL knows, so that under row-level security the index on lower(email) serves no statement of tenant_api.

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE FUNCTION user_id_by_email(tenant_id integer, email text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT u.id
            FROM public.users u
           WHERE u.tenant_id = user_id_by_email.tenant_id
             AND lower(u.email) = lower(user_id_by_email.email));
END
$$;

REVOKE ALL ON FUNCTION user_id_by_email(integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION user_id_by_email(integer, text) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION user_id_by_email(integer, text) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
