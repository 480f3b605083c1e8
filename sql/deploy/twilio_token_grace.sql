-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:twilio_token_grace to pg
--
-- While a Twilio auth token is being replaced the former one verifies as well, until twilio_auth_token_previous_until. Its
-- envelope moves to twilio_auth_token_previous as it is: it opens as the one of twilio_auth_token.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants');
CALL tenant_migration.add_column('twilio_token_grace', 'tenants', 'twilio_auth_token_previous', 'text', 'true');
CALL tenant_migration.add_column('twilio_token_grace', 'tenants', 'twilio_auth_token_previous_until', 'timestamptz', 'true');

GRANT SELECT (twilio_auth_token_previous_until), UPDATE (twilio_auth_token_previous_until) ON tenants TO tenant_api;

-- A token that is replaced by a statement that names another time than the one that there is becomes the previous one. One
-- that is replaced by any other statement is gone at once, and a previous one goes on until its time: so neither an update
-- that is sent twice nor one that mends a mistyped token loses it. What is past its time goes with the next update.
CREATE FUNCTION tenant_token_grace() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.twilio_auth_token_previous_until > now() + interval '31 days' THEN
    RAISE EXCEPTION 'twilio_auth_token_previous_until must be within 31 days' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'UPDATE'
     AND NEW.twilio_auth_token IS DISTINCT FROM OLD.twilio_auth_token
     AND NEW.twilio_auth_token_previous_until IS DISTINCT FROM OLD.twilio_auth_token_previous_until THEN
    NEW.twilio_auth_token_previous := OLD.twilio_auth_token;
  END IF;
  IF NEW.twilio_auth_token_previous IS NULL OR NEW.twilio_auth_token_previous_until > now() IS NOT TRUE THEN
    NEW.twilio_auth_token_previous := NULL;
    NEW.twilio_auth_token_previous_until := NULL;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER tenant_token_grace BEFORE INSERT OR UPDATE ON tenants FOR EACH ROW
  WHEN (NEW.twilio_auth_token_previous IS NOT NULL OR NEW.twilio_auth_token_previous_until IS NOT NULL)
  EXECUTE FUNCTION tenant_token_grace();

COMMIT;
