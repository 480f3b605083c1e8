-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:legacy_defaults to pg
--
-- Takes back the defaults that served a writer of the old schema: from here on a row says which tenant it belongs to.
-- A default that someone else has put in place since stays.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'products', 'users');

DO $$
DECLARE
  old record;
BEGIN
  FOR old IN
    SELECT a.attrelid::regclass AS relation, a.attname AS name, pg_get_expr(d.adbin, d.adrelid) AS expression
      FROM pg_attrdef d
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE (a.attrelid IN ('products'::regclass, 'users'::regclass) AND a.attname = 'tenant_id'
            AND pg_get_expr(d.adbin, d.adrelid) = tenant_migration.legacy_id()::text)
        OR (a.attrelid = 'tenants'::regclass AND a.attname IN ('name', 'status', 'api_key_hash')
            AND EXISTS (SELECT FROM tenant_migration.step s
                         WHERE s.change = 'tenants'
                           AND s.undo IN (format('ALTER TABLE tenants DROP COLUMN %I', a.attname),
                                          format('ALTER TABLE tenants ALTER %I DROP DEFAULT', a.attname))))
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER %I DROP DEFAULT', old.relation, old.name);
    CALL tenant_migration.record('legacy_defaults', old.relation::text,
      format('ALTER TABLE %s ALTER %I SET DEFAULT %s', old.relation, old.name, old.expression));
  END LOOP;
END
$$;

-- The server's times: what writes to users may leave them out.
CALL tenant_migration.set_default('legacy_defaults', 'users', 'created_at', 'now()');
CALL tenant_migration.set_default('legacy_defaults', 'users', 'updated_at', 'now()');

COMMIT;
