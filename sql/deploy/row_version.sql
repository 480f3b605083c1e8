-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:row_version to pg
--
-- Each row of a resource has a version, of which its ETag is made: a random number that each INSERT draws by the column's
-- default and each UPDATE by a trigger, whoever writes. So no two versions of a row are the same, though a failover loses one of
-- them, or the row is deleted and made again. pg_dump, physical and logical replication carry it.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- uuid_hash_extended makes 64 bits of the 122 that are random: the shortest way from PostgreSQL's strong random numbers to a
-- bigint. random() has 52 bits, and a session can set it back.
-- All names have their schema, for SET search_path would cost more than the rest of it.
CREATE FUNCTION tenant_row_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.row_version := pg_catalog.uuid_hash_extended(pg_catalog.gen_random_uuid(), 0);
  RETURN NEW;
END
$$;

-- No row is rewritten: those that there are share a version, until they change. It is another one in each deployment, so that a
-- row of an older backup, which is migrated again, does not pass for the one that was lost.
-- The trigger is not ENABLE ALWAYS: where rows come by logical replication they have the version of their origin.
CREATE PROCEDURE tenant_table_version(resource regclass) LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ADD COLUMN row_version bigint NOT NULL DEFAULT %L', resource,
                 uuid_hash_extended(gen_random_uuid(), 0));
  EXECUTE format('ALTER TABLE %s ALTER row_version SET DEFAULT uuid_hash_extended(gen_random_uuid(), 0)', resource);
  EXECUTE format('CREATE TRIGGER tenant_row_version BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION tenant_row_version()',
                 resource);
END
$$;
REVOKE ALL ON PROCEDURE tenant_table_version(regclass) FROM PUBLIC;

-- Those of later resources as well, which have been secured by tenant_table_secure.
DO $$
DECLARE
  relations regclass[] := ARRAY(
    SELECT p.polrelid::regclass
      FROM pg_policy p
      JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = 'public'::regnamespace AND p.polname = 'tenant' AND c.relname <> 'idempotency_keys'
     ORDER BY c.relname);
  relation regclass;
BEGIN
  CALL tenant_migration.lock_tables(VARIADIC relations::text[]);
  FOREACH relation IN ARRAY relations LOOP
    CALL tenant_table_version(relation);
  END LOOP;
END
$$;

-- Elsewhere SELECT is granted on the whole table. The grants of xmin stay: a module of the former release reads it.
GRANT SELECT (row_version) ON tenants TO tenant_api;
GRANT SELECT (row_version) ON users TO tenant_api, tenant_admin;

-- The table of a later resource gets a version too; a column that is added last is neither inserted nor updated by tenant_api.
DO $$
DECLARE
  former text := pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure);
  present text := replace(replace(former, 'GRANT SELECT (xmin, ', 'GRANT SELECT (row_version, '),
                          E'\n\n  EXECUTE format(''CREATE UNIQUE INDEX ON %s (tenant_id, id)''',
                          E'\n  CALL tenant_table_version(resource);\n\n  EXECUTE format(''CREATE UNIQUE INDEX ON %s (tenant_id, id)''');
BEGIN
  IF present NOT LIKE '%CALL tenant_table_version(resource)%' OR present NOT LIKE '%GRANT SELECT (row_version, %' THEN
    RAISE EXCEPTION 'tenant_table_secure is not as it was left';
  END IF;
  EXECUTE present;
END
$$;

COMMIT;
