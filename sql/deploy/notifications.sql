-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:notifications to pg
--
-- Tells the caches of the module what has changed: tenant_changed carries the ids of tenants, tenant_login_changed the
-- ids of the tenants whose logins changed; comma-separated and at most 100, else '*' for all.

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE FUNCTION tenant_notify(channel text, ids integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(ids) > 0 THEN
    PERFORM pg_notify(channel, CASE WHEN cardinality(ids) <= 100 THEN array_to_string(ids, ',') ELSE '*' END);
  END IF;
END
$$;

CREATE FUNCTION tenant_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE TG_OP
    WHEN 'TRUNCATE' THEN
      PERFORM pg_notify('tenant_changed', '*');
    WHEN 'INSERT' THEN
      PERFORM public.tenant_notify('tenant_changed', ARRAY(SELECT id FROM new_rows LIMIT 101));
    WHEN 'DELETE' THEN
      PERFORM public.tenant_notify('tenant_changed', ARRAY(SELECT id FROM old_rows LIMIT 101));
    WHEN 'UPDATE' THEN
      PERFORM public.tenant_notify('tenant_changed',
                                   ARRAY(SELECT id FROM old_rows UNION SELECT id FROM new_rows LIMIT 101));
  END CASE;
  RETURN NULL;
END
$$;

-- A user without a password cannot log in, so that no cache knows it.
CREATE FUNCTION tenant_login_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE TG_OP
    WHEN 'TRUNCATE' THEN
      PERFORM pg_notify('tenant_login_changed', '*');
    WHEN 'INSERT' THEN
      PERFORM public.tenant_notify('tenant_login_changed',
        ARRAY(SELECT DISTINCT tenant_id FROM new_rows WHERE password_hash IS NOT NULL LIMIT 101));
    WHEN 'DELETE' THEN
      PERFORM public.tenant_notify('tenant_login_changed',
        ARRAY(SELECT DISTINCT tenant_id FROM old_rows WHERE password_hash IS NOT NULL LIMIT 101));
    WHEN 'UPDATE' THEN
      PERFORM public.tenant_notify('tenant_login_changed', ARRAY(
        WITH former AS (SELECT id, tenant_id, email, password_hash FROM old_rows),
             present AS (SELECT id, tenant_id, email, password_hash FROM new_rows)
        SELECT DISTINCT tenant_id
          FROM ((TABLE former EXCEPT TABLE present) UNION ALL (TABLE present EXCEPT TABLE former)) differing
         LIMIT 101));
  END CASE;
  RETURN NULL;
END
$$;

CALL tenant_migration.lock_tables('tenants', 'users');

CREATE TRIGGER tenant_changed_insert AFTER INSERT ON tenants
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenant_changed();
CREATE TRIGGER tenant_changed_update AFTER UPDATE ON tenants
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenant_changed();
CREATE TRIGGER tenant_changed_delete AFTER DELETE ON tenants
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenant_changed();
CREATE TRIGGER tenant_changed_truncate AFTER TRUNCATE ON tenants
  FOR EACH STATEMENT EXECUTE FUNCTION tenant_changed();

CREATE TRIGGER tenant_login_changed_insert AFTER INSERT ON users
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenant_login_changed();
CREATE TRIGGER tenant_login_changed_update AFTER UPDATE ON users
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tenant_login_changed();
CREATE TRIGGER tenant_login_changed_delete AFTER DELETE ON users
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tenant_login_changed();
CREATE TRIGGER tenant_login_changed_truncate AFTER TRUNCATE ON users
  FOR EACH STATEMENT EXECUTE FUNCTION tenant_login_changed();

COMMIT;
