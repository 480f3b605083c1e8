-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:legacy_tenant to pg
--
-- Rows of a table that gains tenant_id need a tenant: the one that there is, or the one that `--set legacy_id=ID`
-- names, or else a new one.

BEGIN;
SET LOCAL lock_timeout = '2s';

\if :{?legacy_id}
\else
  \set legacy_id ''
\endif
SELECT set_config('tenant_migration.legacy_id', :'legacy_id', true) \g /dev/null

DO $$
DECLARE
  wanted integer := nullif(current_setting('tenant_migration.legacy_id'), '')::integer;
  chosen integer;
BEGIN
  IF NOT EXISTS (
    SELECT FROM unnest('{products,users}'::text[]) relation
     WHERE to_regclass('public.' || relation) IS NOT NULL
       AND NOT tenant_migration.has_column(relation, 'tenant_id'))
  THEN
    RETURN;
  END IF;
  CALL tenant_migration.lock_tables('tenants');
  chosen := (SELECT id FROM tenants WHERE id = wanted OR wanted IS NULL AND (SELECT count(*) FROM tenants) = 1);
  IF chosen IS NULL THEN
    IF EXISTS (SELECT FROM tenants) THEN
      RAISE EXCEPTION 'several tenants and no legacy_id among them: see precheck';
    END IF;
    IF wanted IS NULL THEN
      INSERT INTO tenants (name, status, api_key_hash) VALUES ('legacy', 'active', '!') RETURNING id INTO chosen;
    ELSE
      INSERT INTO tenants (id, name, status, api_key_hash) OVERRIDING SYSTEM VALUE
      VALUES (wanted, 'legacy', 'active', '!') RETURNING id INTO chosen;
      PERFORM setval(coalesce(tenant_migration.id_sequence('tenants'), pg_get_serial_sequence('tenants', 'id')), chosen);
    END IF;
    UPDATE tenants SET api_key_hash = '!' || id WHERE id = chosen;
    CALL tenant_migration.record('legacy_tenant', 'tenants', format('DELETE FROM tenants WHERE id = %s', chosen),
      format('SELECT id FROM tenants WHERE id = %s AND num_nonnulls(custom_domain, twilio_account_sid, '
             'twilio_auth_token, twilio_api_key_sid, twilio_api_key_secret, twilio_phone_number) > 0', chosen));
  END IF;
  INSERT INTO tenant_migration.legacy_tenant VALUES (chosen);
END
$$;

COMMIT;
