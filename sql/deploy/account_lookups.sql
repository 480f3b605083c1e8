-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:account_lookups to pg
--
-- Whose webhook a request of Twilio's can be, before it is known whose it is, and the tokens that it may be signed with. As
-- the other lookups these belong to tenant_lookup. Tokens are sealed, which the database holds no key for. One that an
-- earlier system left in clear is not given away: it is an empty text.

BEGIN;
SET LOCAL lock_timeout = '2s';

GRANT SELECT (twilio_account_sid, twilio_phone_number, twilio_auth_token, twilio_auth_token_previous,
              twilio_auth_token_previous_until)
   ON tenants TO tenant_lookup;

-- sid: as Twilio writes it. It is nobody's secret, and several tenants may claim it: at most eight of them are told, inactive
-- ones too, the one of tenant_id ahead of all (NULL: none). previous_auth_token counts for so many milliseconds, for a day if
-- that is earlier: whoever keeps the answer must know.
-- The planner expects one tenant or two of an account, all of which it would read and sort. What sorts all the same it then
-- takes for so dear that it would compile it.
CREATE FUNCTION tenants_by_account(sid text, tenant_id integer)
RETURNS TABLE (id integer, name text, status text, custom_domain text, phone_number text, auth_token text,
               previous_auth_token text, previous_milliseconds_left bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $$
BEGIN
  RETURN QUERY
  WITH claim AS (
    SELECT t.id, t.name, t.status, t.custom_domain, t.twilio_phone_number, t.twilio_auth_token,
           t.twilio_auth_token_previous, t.twilio_auth_token_previous_until
      FROM public.tenants t
     WHERE t.id = tenants_by_account.tenant_id AND t.twilio_account_sid = tenants_by_account.sid
     UNION ALL
   (SELECT t.id, t.name, t.status, t.custom_domain, t.twilio_phone_number, t.twilio_auth_token,
           t.twilio_auth_token_previous, t.twilio_auth_token_previous_until
      FROM public.tenants t
     WHERE t.twilio_account_sid = tenants_by_account.sid AND t.id IS DISTINCT FROM tenants_by_account.tenant_id
     ORDER BY t.id
     LIMIT 8)
  )
  SELECT c.id, c.name::text, c.status::text, c.custom_domain, c.twilio_phone_number::text,
         CASE WHEN c.twilio_auth_token ~ '^mt[0-9]+[.]' THEN c.twilio_auth_token
              WHEN c.twilio_auth_token IS NOT NULL THEN '' END,
         CASE WHEN c.twilio_auth_token_previous_until > now() THEN
           CASE WHEN c.twilio_auth_token_previous ~ '^mt[0-9]+[.]' THEN c.twilio_auth_token_previous
                WHEN c.twilio_auth_token_previous IS NOT NULL THEN '' END END,
         CASE WHEN c.twilio_auth_token_previous_until > now() THEN
           floor(1000 * extract(epoch FROM least(c.twilio_auth_token_previous_until - now(), interval '1 day')))::bigint END
    FROM claim c
   ORDER BY c.id IS DISTINCT FROM tenants_by_account.tenant_id, c.id
   LIMIT 8;
END
$$;

REVOKE ALL ON FUNCTION tenants_by_account(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_by_account(text, integer) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenants_by_account(text, integer) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
