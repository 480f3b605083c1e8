-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:migration to pg
--
-- The record of what deploy really does to tables that may have been there before it, and the procedures that write it
-- and undo it. Nothing here is used by the module.

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE SCHEMA tenant_migration;

CREATE TABLE tenant_migration.step (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  change text NOT NULL,
  relation text NOT NULL,
  undo text NOT NULL, -- one statement
  guard text          -- a query for the keys of the rows that would lose something; while it gives any, undo refuses
);

CREATE TABLE tenant_migration.backfilled_created_at (
  relation text,
  id integer,
  PRIMARY KEY (relation, id)
);

-- Locks the tables that exist. Everyone who comes after a waiting ACCESS EXCLUSIVE lock waits with it, so this waits
-- only for a moment, lets the others pass and tries again; deadlock_timeout is how soon an autovacuum is cancelled.
CREATE PROCEDURE tenant_migration.lock_tables(VARIADIC relations text[]) LANGUAGE plpgsql AS $$
DECLARE
  tables text := (SELECT string_agg(DISTINCT to_regclass('public.' || r)::text, ', ') FROM unnest(relations) r);
BEGIN
  IF tables IS NULL THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '300ms', true);
  PERFORM set_config('deadlock_timeout', '50ms', true) WHERE has_parameter_privilege('deadlock_timeout', 'SET');
  FOR attempt IN 1..100 LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tables);
      PERFORM set_config('lock_timeout', '2s', true);
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(0.3);
    END;
  END LOOP;
  RAISE lock_not_available USING MESSAGE = format('%s: other transactions hold them all the time', tables);
END
$$;

CREATE PROCEDURE tenant_migration.record(change text, relation text, undo text, guard text DEFAULT NULL)
LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO tenant_migration.step (change, relation, undo, guard) VALUES (change, relation, undo, guard);
END;

CREATE FUNCTION tenant_migration.has_column(relation text, name text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass('public.' || relation) AND attname = name AND NOT attisdropped);

-- The sequence behind the default of a table's id; NULL for an identity column, whose sequence needs no grant.
CREATE FUNCTION tenant_migration.id_sequence(relation regclass) RETURNS regclass LANGUAGE sql STABLE
RETURN (SELECT s.oid
          FROM pg_attribute a
          JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
          JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
          JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
         WHERE a.attrelid = relation AND a.attname = 'id' AND d.refclassid = 'pg_class'::regclass);

-- definition: type and default. keeps: a condition on the rows that lose nothing when the column goes.
CREATE PROCEDURE tenant_migration.add_column(change text, relation text, name text, definition text, keeps text)
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT tenant_migration.has_column(relation, name) THEN
    EXECUTE format('ALTER TABLE %I ADD COLUMN %I %s', relation, name, definition);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I DROP COLUMN %I', relation, name),
                                 format('SELECT id FROM %I WHERE NOT (%s)', relation, keeps));
  END IF;
END
$$;

-- type: as format_type prints it. guard: see tenant_migration.step. Casts as an assignment does, which refuses what does not fit; only text to integer
-- needs an explicit cast, which refuses too.
CREATE PROCEDURE tenant_migration.set_type(change text, relation text, name text, type text, guard text DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
  former text := (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                   WHERE attrelid = to_regclass('public.' || relation) AND attname = name);
BEGIN
  IF former <> type THEN
    EXECUTE format('ALTER TABLE %I ALTER %I TYPE %s', relation, name, type)
            || CASE type WHEN 'integer' THEN format(' USING %I::integer', name) ELSE '' END;
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I ALTER %I TYPE %s', relation, name, former), guard);
  END IF;
END
$$;

CREATE PROCEDURE tenant_migration.set_not_null(change text, relation text, name text) LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (SELECT attnotnull FROM pg_attribute
           WHERE attrelid = to_regclass('public.' || relation) AND attname = name) THEN
    EXECUTE format('ALTER TABLE %I ALTER %I SET NOT NULL', relation, name);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I ALTER %I DROP NOT NULL', relation, name));
  END IF;
END
$$;

-- Gives a column that has no value of its own a default.
CREATE PROCEDURE tenant_migration.set_default(change text, relation text, name text, expression text)
LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT NOT atthasdef AND attidentity = '' FROM pg_attribute
       WHERE attrelid = to_regclass('public.' || relation) AND attname = name) THEN
    EXECUTE format('ALTER TABLE %I ALTER %I SET DEFAULT %s', relation, name, expression);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I ALTER %I DROP DEFAULT', relation, name));
  END IF;
END
$$;

CREATE PROCEDURE tenant_migration.add_constraint(change text, relation text, name text, definition text)
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint
                  WHERE conrelid = to_regclass('public.' || relation) AND conname = name) THEN
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', relation, name, definition);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I DROP CONSTRAINT %I', relation, name));
  END IF;
END
$$;

-- Makes tenant_id a reference to tenants, unchecked for the rows that there are: tenant_id_fkeys checks them.
CREATE PROCEDURE tenant_migration.add_tenant_key(change text, relation text) LANGUAGE plpgsql AS $$
BEGIN
  CALL tenant_migration.add_constraint(change, relation, relation || '_tenant_id_fkey',
    'FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE NOT VALID');
END
$$;

-- Undoes what a change has recorded, last step first, and forgets it.
CREATE PROCEDURE tenant_migration.undo(change text) LANGUAGE plpgsql AS $$
DECLARE
  relations text[] := ARRAY(SELECT DISTINCT s.relation FROM tenant_migration.step s WHERE s.change = undo.change);
  step tenant_migration.step;
  keys text;
BEGIN
  CALL tenant_migration.lock_tables(VARIADIC relations);
  FOR step IN
    SELECT * FROM tenant_migration.step s WHERE s.change = undo.change ORDER BY s.id DESC
  LOOP
    IF step.guard IS NOT NULL THEN
      EXECUTE format('SELECT string_agg(key::text, '', '') FROM (SELECT key FROM (%s) AS g (key) LIMIT 10) l', step.guard)
         INTO keys;
      IF keys IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = format('cannot revert %s: rows of %s would lose data', step.change, step.relation),
                              DETAIL = format('%s: %s would remove what these hold (the first ten): %s',
                                              step.relation, step.undo, keys),
                              HINT = 'Move or delete it first.';
      END IF;
    END IF;
    EXECUTE step.undo;
  END LOOP;
  DELETE FROM tenant_migration.step s WHERE s.change = undo.change;
END
$$;

-- The tenant of the rows from before the migration; NULL where there was no table with such rows.
CREATE TABLE tenant_migration.legacy_tenant (id integer NOT NULL);

CREATE FUNCTION tenant_migration.legacy_id() RETURNS integer LANGUAGE sql STABLE
RETURN (SELECT id FROM tenant_migration.legacy_tenant);

-- Indexes are built and dropped CONCURRENTLY, which a procedure cannot do. A script calls claim_indexes, runs the
-- statements of broken_indexes, then CREATE INDEX CONCURRENTLY IF NOT EXISTS for each.
CREATE PROCEDURE tenant_migration.claim_indexes(change text, relation text, VARIADIC names text[])
LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO tenant_migration.step (change, relation, undo)
  SELECT claim_indexes.change, claim_indexes.relation, format('DROP INDEX CONCURRENTLY IF EXISTS %I', name)
    FROM unnest(names) name
   WHERE to_regclass('public.' || quote_ident(name)) IS NULL
     AND NOT EXISTS (SELECT FROM tenant_migration.step s
                      WHERE s.undo = format('DROP INDEX CONCURRENTLY IF EXISTS %I', name));
END;

-- What an interrupted build left behind: it would satisfy IF NOT EXISTS, and serve nobody.
CREATE FUNCTION tenant_migration.broken_indexes(relation text) RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass)
    FROM pg_index i
    JOIN tenant_migration.step s ON s.undo = format('DROP INDEX CONCURRENTLY IF EXISTS %s', i.indexrelid::regclass)
   WHERE i.indrelid = to_regclass('public.' || relation) AND NOT i.indisvalid;
END;

-- Says which of the named indexes are missing or broken: none when all is well.
CREATE FUNCTION tenant_migration.missing_indexes(VARIADIC names text[]) RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT name
    FROM unnest(names) name
   WHERE NOT EXISTS (SELECT FROM pg_index
                      WHERE indexrelid = to_regclass('public.' || quote_ident(name)) AND indisvalid AND indisready);
END;

COMMIT;
