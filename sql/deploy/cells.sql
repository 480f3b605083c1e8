-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:cells to pg
--
-- A tenant moves to the database of another cell by logical replication (tenantctl tenant move). Here is what both databases know
-- of that, what refuses writes meanwhile, and what UPDATE and DELETE are replicated by.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- The tables of a tenant's rows; those of later resources as well.
CREATE FUNCTION tenant_move_tables() RETURNS SETOF regclass LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT c.oid::regclass
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND (c.relname = 'usage_removed'
          OR c.relname <> 'tenants' AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))
   ORDER BY c.relname;
END;

-- All at once and first: whoever holds one of them and waits for another would be waited for.
DO $$
DECLARE
  relations text[] := ARRAY(SELECT t::text FROM tenant_move_tables() t);
BEGIN
  CALL tenant_migration.lock_tables(VARIADIC relations || 'tenants'::text);
END
$$;

-- At most one move of each tenant: the last one. Its column is not named tenant_id: it is nobody's to read.
CREATE TABLE tenant_moves (
  tenant integer PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL,
  side text NOT NULL CHECK (side IN ('source', 'target')),
  state text NOT NULL CHECK (state IN ('copying', 'closed', 'done')),
  answer text CHECK (answer IN ('moving', 'moved')),
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  tenant_row jsonb,
  portion jsonb,
  portions integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE tenant_moves IS 'Tenants that move to or from this database, or have moved';
COMMENT ON COLUMN tenant_moves.id IS 'The move: the same in both databases';
COMMENT ON COLUMN tenant_moves.state IS 'copying: as ever here; closed: no more writes here, and none there yet; done: served at the target';
COMMENT ON COLUMN tenant_moves.answer IS 'What requests of the tenant are told here; NULL: nothing, they are served';
COMMENT ON COLUMN tenant_moves.tenant_row IS 'At the source: the row of tenants, as it was when it was closed';
COMMENT ON COLUMN tenant_moves.portion IS 'At the source: the rows of usage that were taken out last';
COMMENT ON COLUMN tenant_moves.portions IS 'How many such portions were taken out here, or added here';
GRANT SELECT (tenant, id, side, state, answer, started_at, ended_at) ON tenant_moves TO tenant_admin;
GRANT SELECT (tenant, state, answer), UPDATE (answer) ON tenant_moves TO tenant_lookup; -- UPDATE: to lock it

-- What tenantctl adds to the tables of a tenant that moves away, for its rows alone. While it holds the lock, or behind the
-- handover, its writes are refused. A write that has begun holds the lock's other side to the end of its transaction, so that
-- tenantctl gets the lock when the last of them has ended. The lock is asked for first: who gets it then sees what its last
-- holder has committed. A transaction with a snapshot of its own does not: it may be older than the handover, or than the whole
-- move. So it locks the row, which fails if that has changed since. The tenant itself is removed when no move of it is left.
-- What tenantctl ids widen fills in changes no row.
CREATE FUNCTION tenant_move_guard() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  moving integer := TG_ARGV[0];
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'tenants' AND EXISTS (SELECT FROM public.tenant_moves m WHERE m.tenant = moving AND m.state <> 'done') THEN
    RAISE EXCEPTION 'tenant % is on its way to another database', moving USING ERRCODE = 'MT001';
  ELSIF public.audit_is_erasure(moving::text)
     OR pg_has_role(session_user, 'tenant_owner', 'USAGE')
        AND (current_setting('mod_tenant.mover', true) = moving::text OR current_setting('mod_tenant.widening', true) = 'on') THEN
    RETURN coalesce(NEW, OLD);
  ELSIF NOT pg_try_advisory_xact_lock_shared('public.tenant_moves'::regclass::integer, moving) THEN
    RAISE EXCEPTION 'tenant % is moving', moving USING ERRCODE = 'MT001';
  ELSIF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
    PERFORM FROM public.tenant_moves m WHERE m.tenant = moving FOR SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'tenant % began to move when this transaction had begun', moving USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  IF EXISTS (SELECT FROM public.tenant_moves m WHERE m.tenant = moving AND m.answer = 'moved') THEN
    RAISE EXCEPTION 'tenant % has moved', moving USING ERRCODE = 'MT002';
  END IF;
  RETURN coalesce(NEW, OLD);
END
$$;
REVOKE ALL ON FUNCTION tenant_move_guard() FROM PUBLIC;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION tenant_move_guard() OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

-- The lookups tell of it in the place of the status, which an older module takes for inactive. Rows of a tenant that has moved, or
-- is not here yet, are not counted for its bill.
DO $$
DECLARE
  change record;
  former text;
  present text;
BEGIN
  FOR change IN
    SELECT * FROM (VALUES
      ('tenant_by_host(text)', 't.status::text', 'coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = t.id), t.status)::text'),
      ('tenant_by_key(text[])', 't.status::text', 'coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = t.id), t.status)::text'),
      ('tenants_by_account(text, integer)', 'c.status::text',
       'coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = c.id), c.status)::text'),
      ('usage_count(interval)', 'WHERE t.id > state.next_tenant ORDER',
       'WHERE t.id > state.next_tenant AND NOT EXISTS (SELECT FROM public.tenant_moves m WHERE m.tenant = t.id AND m.answer IS NOT NULL) ORDER'))
      v (name, old, new)
  LOOP
    former := pg_get_functiondef(change.name::regprocedure);
    present := replace(former, change.old, change.new);
    IF present = former THEN
      RAISE EXCEPTION '% is not as it was left', change.name;
    END IF;
    EXECUTE present;
  END LOOP;
END
$$;

-- By what the rows of a table are replicated: it has to have the column that says whose a row is. The primary key has not, the
-- unique index of (tenant_id, id) has. It costs nothing unless wal_level is logical, and then only a DELETE some bytes.
CREATE PROCEDURE tenant_table_identity(resource regclass) LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  index name := (
    SELECT c.relname
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = resource AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
       AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = resource AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey))
       AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = resource AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)
     ORDER BY i.indnkeyatts, c.relname LIMIT 1);
BEGIN
  IF index IS NULL THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', resource);
  ELSE
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', resource, index);
  END IF;
END
$$;
REVOKE ALL ON PROCEDURE tenant_table_identity(regclass) FROM PUBLIC;

-- Of rows that a tenant had and lost, usage_removed has no key.
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT * FROM tenant_move_tables() LOOP
    CALL tenant_table_identity(relation);
  END LOOP;
END
$$;
DROP FUNCTION tenant_move_tables();

DO $$
DECLARE
  former text := pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure);
  unique_index text := E'\n  EXECUTE format(''CREATE UNIQUE INDEX ON %s (tenant_id, id)'', resource);';
  present text := replace(former, unique_index, unique_index || E'\n  CALL tenant_table_identity(resource);');
BEGIN
  IF present = former THEN
    RAISE EXCEPTION 'tenant_table_secure is not as it was left';
  END IF;
  EXECUTE present;
END
$$;

COMMIT;
