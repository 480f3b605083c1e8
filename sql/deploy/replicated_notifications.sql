-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:replicated_notifications to pg
--
-- What comes by logical replication fires no trigger that is not made for it, and of statements only those of TRUNCATE. So
-- there is a trigger for each row too, which fires nowhere else, and tells what those for statements tell elsewhere.

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE FUNCTION tenant_replicated() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM pg_notify('tenant_changed', OLD.id::text);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM pg_notify('tenant_changed', NEW.id::text);
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION tenant_login_replicated() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM pg_notify('tenant_login_changed', OLD.tenant_id::text);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM pg_notify('tenant_login_changed', NEW.tenant_id::text);
  END IF;
  RETURN NULL;
END
$$;

CALL tenant_migration.lock_tables('tenants', 'users');

CREATE TRIGGER tenant_changed_replicated AFTER INSERT OR UPDATE OR DELETE ON tenants
  FOR EACH ROW EXECUTE FUNCTION tenant_replicated();
CREATE TRIGGER tenant_login_changed_replicated AFTER INSERT OR UPDATE OR DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION tenant_login_replicated();
ALTER TABLE tenants ENABLE REPLICA TRIGGER tenant_changed_replicated;
ALTER TABLE users ENABLE REPLICA TRIGGER tenant_login_changed_replicated;
ALTER TABLE tenants ENABLE ALWAYS TRIGGER tenant_changed_truncate;
ALTER TABLE users ENABLE ALWAYS TRIGGER tenant_login_changed_truncate;

COMMIT;
