-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:cells from pg

BEGIN;
SET LOCAL lock_timeout = '2s';

-- All at once and first: whoever holds one of them and waits for another would be waited for.
DO $$
DECLARE
  relations text[] := ARRAY['tenants', 'tenant_moves'] || ARRAY(
    SELECT c.relname::text FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relreplident IN ('i', 'f'));
BEGIN
  CALL tenant_migration.lock_tables(VARIADIC relations);
END
$$;

-- Its source would serve it again, with rows of then, beside its target.
DO $$
BEGIN
  IF EXISTS (SELECT FROM tenant_moves WHERE answer IS NOT NULL OR state = 'copying') THEN
    RAISE EXCEPTION 'a tenant moves, or has moved away and is not erased: see tenant_moves';
  END IF;
END
$$;

DO $$
DECLARE
  change record;
BEGIN
  EXECUTE replace(pg_get_functiondef('tenant_table_secure(regclass, name[], name[], name[])'::regprocedure),
                  E'\n  CALL tenant_table_identity(resource);', '');
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
    EXECUTE replace(pg_get_functiondef(change.name::regprocedure), change.new, change.old);
  END LOOP;
END
$$;

DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN
    SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relreplident IN ('i', 'f')
  LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', relation);
  END LOOP;
END
$$;
DROP PROCEDURE tenant_table_identity(regclass);
DROP FUNCTION tenant_move_guard();
DROP TABLE tenant_moves;
COMMIT;
