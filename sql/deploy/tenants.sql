-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenants to pg

BEGIN;
SET LOCAL lock_timeout = '2s';

SELECT to_regclass('public.tenants') IS NULL AS missing \gset
\if :missing

CREATE TABLE tenants (
  id serial PRIMARY KEY,
  name varchar(256) NOT NULL,
  status varchar(50) NOT NULL,       -- active or inactive
  api_key_hash text NOT NULL,
  custom_domain text UNIQUE,
  twilio_account_sid text,
  twilio_auth_token text,            -- encrypted
  twilio_api_key_sid text,
  twilio_api_key_secret text,        -- encrypted
  twilio_phone_number varchar(20)
);
CALL tenant_migration.record('tenants', 'tenants', 'DROP TABLE tenants', 'SELECT id FROM tenants');

\else

-- An existing table keeps its ids, its rows and its other columns. It is small, so that a rewrite may happen here.
-- The defaults serve a writer that does not know the new columns yet; legacy_defaults drops them.
CALL tenant_migration.lock_tables('tenants');
CALL tenant_migration.set_type('tenants', 'tenants', 'id', 'integer');

DO $$
DECLARE
  key_columns smallint[] := (SELECT conkey FROM pg_constraint WHERE conrelid = 'tenants'::regclass AND contype = 'p');
  id_column smallint := (SELECT attnum FROM pg_attribute WHERE attrelid = 'tenants'::regclass AND attname = 'id');
BEGIN
  IF key_columns IS NULL THEN
    CALL tenant_migration.set_not_null('tenants', 'tenants', 'id');
    CALL tenant_migration.add_constraint('tenants', 'tenants', 'tenants_pkey', 'PRIMARY KEY (id)');
  ELSIF key_columns <> ARRAY[id_column] THEN
    CALL tenant_migration.set_not_null('tenants', 'tenants', 'id');
    CALL tenant_migration.add_constraint('tenants', 'tenants', 'tenants_id_key', 'UNIQUE (id)');
  END IF;
  IF (SELECT NOT atthasdef AND attidentity = '' FROM pg_attribute
       WHERE attrelid = 'tenants'::regclass AND attnum = id_column) THEN
    CREATE SEQUENCE tenants_id_seq AS integer; -- not OWNED BY: the table may have another owner
    PERFORM setval('tenants_id_seq', coalesce(max(id), 1), max(id) IS NOT NULL) FROM tenants;
    CALL tenant_migration.record('tenants', 'tenants', 'DROP SEQUENCE tenants_id_seq');
    CALL tenant_migration.set_default('tenants', 'tenants', 'id', 'nextval(''tenants_id_seq'')');
  END IF;
END
$$;

CALL tenant_migration.add_column('tenants', 'tenants', 'name', 'varchar(256) NOT NULL DEFAULT ''unnamed''',
                                 'name = ''unnamed''');
CALL tenant_migration.set_type('tenants', 'tenants', 'name', 'character varying(256)');
CALL tenant_migration.set_not_null('tenants', 'tenants', 'name');
CALL tenant_migration.add_column('tenants', 'tenants', 'status', 'varchar(50) NOT NULL DEFAULT ''active''',
                                 'status = ''active''');
CALL tenant_migration.set_type('tenants', 'tenants', 'status', 'character varying(50)');
CALL tenant_migration.set_not_null('tenants', 'tenants', 'status');

-- '!' is no hash of anything: a tenant without a key cannot be reached with one.
CALL tenant_migration.add_column('tenants', 'tenants', 'api_key_hash', 'text', 'true');
CALL tenant_migration.set_type('tenants', 'tenants', 'api_key_hash', 'text');
WITH keyless AS (
  UPDATE tenants SET api_key_hash = '!' || id WHERE api_key_hash IS NULL RETURNING id
)
SELECT count(*) > 0 AS backfilled FROM keyless \gset
\if :backfilled
CALL tenant_migration.record('tenants', 'tenants',
                             'UPDATE tenants SET api_key_hash = NULL WHERE api_key_hash = ''!'' || id');
\endif
CALL tenant_migration.set_default('tenants', 'tenants', 'api_key_hash', '''!'' || gen_random_uuid()');
CALL tenant_migration.set_not_null('tenants', 'tenants', 'api_key_hash');

CALL tenant_migration.add_column('tenants', 'tenants', 'custom_domain', 'text', 'custom_domain IS NULL');
CALL tenant_migration.set_type('tenants', 'tenants', 'custom_domain', 'text');
CALL tenant_migration.add_constraint('tenants', 'tenants', 'tenants_custom_domain_key', 'UNIQUE (custom_domain)');
CALL tenant_migration.add_column('tenants', 'tenants', 'twilio_account_sid', 'text', 'twilio_account_sid IS NULL');
CALL tenant_migration.set_type('tenants', 'tenants', 'twilio_account_sid', 'text');
CALL tenant_migration.add_column('tenants', 'tenants', 'twilio_auth_token', 'text', 'twilio_auth_token IS NULL');
CALL tenant_migration.set_type('tenants', 'tenants', 'twilio_auth_token', 'text');
CALL tenant_migration.add_column('tenants', 'tenants', 'twilio_api_key_sid', 'text', 'twilio_api_key_sid IS NULL');
CALL tenant_migration.set_type('tenants', 'tenants', 'twilio_api_key_sid', 'text');
CALL tenant_migration.add_column('tenants', 'tenants', 'twilio_api_key_secret', 'text', 'twilio_api_key_secret IS NULL');
CALL tenant_migration.set_type('tenants', 'tenants', 'twilio_api_key_secret', 'text');
CALL tenant_migration.add_column('tenants', 'tenants', 'twilio_phone_number', 'varchar(20)',
                                 'twilio_phone_number IS NULL');
CALL tenant_migration.set_type('tenants', 'tenants', 'twilio_phone_number', 'character varying(20)');

\endif
COMMIT;
