-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenant_table_lists to pg
--
-- tenant_table_secure also makes what serves filtered lists in the order of created_at.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- filterable: columns that lists are filtered by. write_once: columns that an INSERT of tenant_api gives and no UPDATE
-- changes; those that the table lacks are passed over. secret: columns that tenant_api writes and never reads. id and
-- tenant_id are never updated; id is not inserted either where it comes from a sequence.
CREATE OR REPLACE PROCEDURE tenant_table_secure(
  resource regclass,
  filterable name[] DEFAULT '{}',
  write_once name[] DEFAULT '{sid,created_at}',
  secret name[] DEFAULT '{}'
)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  columns name[] := ARRAY(SELECT attname FROM pg_attribute
                           WHERE attrelid = resource AND attnum > 0 AND NOT attisdropped ORDER BY attnum);
  insertable name[] := ARRAY(SELECT attname FROM pg_attribute
                              WHERE attrelid = resource AND attnum > 0 AND NOT attisdropped
                                AND (attname <> 'id' OR NOT atthasdef AND attidentity = ''));
  updatable name[] := ARRAY(SELECT c FROM unnest(columns) c WHERE c <> ALL (write_once || '{id,tenant_id}'::name[]));
  sequence regclass := tenant_migration.id_sequence(resource);
  -- Text ids do not grow: their lists are in the order of this expression, as those of users.
  created_at text := CASE (SELECT atttypid FROM pg_attribute WHERE attrelid = resource AND attname = 'id')
                     WHEN 'text'::regtype
                     THEN '(CASE WHEN created_at IS NULL THEN ''-infinity''::timestamptz ELSE created_at END)'
                     ELSE 'created_at' END;
  field name;
BEGIN
  IF NOT columns @> (filterable || secret || '{id,tenant_id}'::name[]) THEN
    RAISE EXCEPTION '% needs the columns id, tenant_id, and those named as filterable or secret', resource;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = resource AND attname = 'tenant_id' AND attnotnull
                    AND atttypid = 'integer'::regtype) THEN
    RAISE EXCEPTION '%.tenant_id must be integer NOT NULL', resource;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_constraint
                  WHERE conrelid = resource AND confrelid = 'tenants'::regclass AND contype = 'f') THEN
    EXECUTE format('ALTER TABLE %s ADD FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE', resource);
  END IF;

  EXECUTE format('CREATE UNIQUE INDEX ON %s (tenant_id, id)', resource);
  IF columns @> '{created_at}' THEN
    EXECUTE format('ALTER TABLE %s ALTER created_at SET NOT NULL, ADD CHECK (isfinite(created_at))', resource);
    EXECUTE format('CREATE INDEX ON %s (tenant_id, %s, id)', resource, created_at);
  END IF;
  FOREACH field IN ARRAY filterable LOOP
    CONTINUE WHEN field IN ('id', 'created_at');
    EXECUTE format('CREATE INDEX ON %s (tenant_id, %I, id)', resource, field);
    IF columns @> '{created_at}' THEN
      EXECUTE format('CREATE INDEX ON %s (tenant_id, %I, %s, id)', resource, field, created_at);
    END IF;
    -- So that no value is taken for too common to be looked for by an index.
    EXECUTE format('ALTER TABLE %s ALTER %I SET (n_distinct = 1000)', resource, field);
  END LOOP;
  EXECUTE format('ALTER TABLE %s ALTER tenant_id SET (n_distinct = 1000)', resource);
  EXECUTE format('ANALYZE %s', resource);

  EXECUTE format('CREATE POLICY tenant ON %s TO tenant_api '
                 'USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context())', resource);
  EXECUTE format('CREATE POLICY tenant_admin ON %s TO tenant_admin USING (true) WITH CHECK (true)', resource);
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', resource);

  EXECUTE format('GRANT SELECT (xmin, %1$s) ON %2$s TO tenant_api, tenant_admin',
                 (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c WHERE c <> ALL (secret)), resource);
  EXECUTE format('GRANT DELETE, INSERT (%1$s) ON %2$s TO tenant_api',
                 (SELECT string_agg(quote_ident(c), ', ') FROM unnest(insertable) c), resource);
  IF cardinality(updatable) > 0 THEN
    EXECUTE format('GRANT UPDATE (%1$s) ON %2$s TO tenant_api',
                   (SELECT string_agg(quote_ident(c), ', ') FROM unnest(updatable) c), resource);
  END IF;
  IF sequence IS NOT NULL THEN
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO tenant_api', sequence);
  END IF;
END
$$;

COMMIT;
