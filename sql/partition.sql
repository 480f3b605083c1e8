-- SPDX-License-Identifier: Apache-2.0
-- Divides a table by hash of tenant_id, or makes it one table again, while it is in use (docs/scale.md). No Sqitch change: it is
-- for those who want it.
--
--     psql -X -d DATABASE -U tenant_owner -v modulus=4 -f partition.sql      # calls in 4 partitions
--     psql -X -d DATABASE -U tenant_owner -v modulus=0 -f partition.sql      # and one table again
--
-- -v relation=messages, or recordings, for another table than calls.
--
-- Writers go on: a trigger brings what they write into a copy, which is filled in portions beside them, compared, and then put in
-- the place of the table. Twice nobody else gets at it, and at tenants, for some tenths of a second: as the trigger is made, and
-- as the copy takes its place. These locks are asked for 300 ms at a time. Until the end it takes twice the disk, and each
-- write is two. Whatever fails, the table is as it was, but for the trigger: run it again, or with the modulus that the table has,
-- which takes the trigger away.
--
-- What the copy has comes from the catalog: columns, defaults, checks, keys, indexes, policies, triggers, grants. Keys gain
-- tenant_id, since a key of a partitioned table has to have it: PRIMARY KEY (tenant_id, id) by the name that the unique index on
-- these had, UNIQUE (tenant_id, sid). What the table has again with modulus=0 is kept in tenant_migration.partitioned.
--
-- A partition has the name of its table, and its indexes and constraints those of the table's, in a schema of its own,
-- tenant_partition_0 and so on: so who is told of a constraint finds it by the name that it has everywhere. No role but the owner
-- has a right to these schemas or tables, and row-level security of the partitions lets nobody else see a row: they are reached by
-- their table alone, whose policies hold.

\set ON_ERROR_STOP on
\if :{?relation}
\else
  \set relation calls
\endif
SET client_min_messages = warning;
SET search_path = pg_catalog, pg_temp;
SET statement_timeout = 0;
SET lock_timeout = '2s';
SELECT set_config('deadlock_timeout', '50ms', false) WHERE has_parameter_privilege('deadlock_timeout', 'SET') \g /dev/null

-- One at a time. The lock goes with the session.
DO $$
BEGIN
  IF current_user <> 'tenant_owner' THEN
    RAISE EXCEPTION 'run this as tenant_owner, not as %', current_user;
  ELSIF NOT pg_try_advisory_lock('pg_namespace'::regclass::integer, 'tenant_migration'::regnamespace::integer) THEN
    RAISE EXCEPTION 'this, or tenantctl ids widen, is being run already';
  END IF;
END
$$;

-- What an earlier run has left behind.
DO $$
DECLARE
  relations text[] := ARRAY(SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                             WHERE c.relnamespace = 'public'::regnamespace AND t.tgname = 'tenant_partitioning' AND t.tgparentid = 0);
  relation text;
BEGIN
  IF cardinality(relations) > 0 THEN
    CALL tenant_migration.lock_tables(VARIADIC relations);
  END IF;
  FOREACH relation IN ARRAY relations LOOP
    EXECUTE format('DROP TRIGGER tenant_partitioning ON public.%I', relation);
    EXECUTE format('DROP TRIGGER tenant_partitioning_truncate ON public.%I', relation);
  END LOOP;
  DROP SCHEMA IF EXISTS tenant_partitioning CASCADE;
END
$$;

BEGIN; -- what is refused leaves nothing behind

-- What each partitioned table was: its modulus, and the statements that give the keys back to one table.
CREATE TABLE IF NOT EXISTS tenant_migration.partitioned (
  relation text PRIMARY KEY,
  modulus integer NOT NULL,
  keys text[] NOT NULL
);

-- Of this script alone, and of the copy until that is finished.
CREATE SCHEMA tenant_partitioning;

CREATE FUNCTION tenant_partitioning.source(relation text) RETURNS regclass LANGUAGE sql STABLE
RETURN to_regclass(format('public.%I', relation));

-- The partitions of a table; none, unless it has some.
CREATE FUNCTION tenant_partitioning.leaves(parent regclass) RETURNS SETOF regclass LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = parent ORDER BY inhrelid;
END;

-- The columns that a row is copied by, behind a prefix each.
CREATE FUNCTION tenant_partitioning.columns(relation text, prefix text) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT string_agg(prefix || quote_ident(attname), ', ' ORDER BY attnum)
          FROM pg_attribute
         WHERE attrelid = tenant_partitioning.source(relation) AND attnum > 0 AND NOT attisdropped AND attgenerated = '');

-- Refuses a table that cannot be copied.
CREATE PROCEDURE tenant_partitioning.check(relation text, modulus integer) LANGUAGE plpgsql AS $$
DECLARE
  source regclass := tenant_partitioning.source(relation);
  c pg_class;
  former integer;
  others text;
BEGIN
  IF relation NOT IN ('calls', 'messages', 'recordings') OR source IS NULL THEN
    RAISE EXCEPTION '% is not one of calls, messages, recordings, or is missing', relation;
  ELSIF modulus <> 0 AND modulus NOT BETWEEN 2 AND 64 THEN
    RAISE EXCEPTION 'modulus must be from 2 to 64, or 0 for one table';
  END IF;
  SELECT * INTO c FROM pg_class WHERE oid = source;
  former := (SELECT count(*) FROM tenant_partitioning.leaves(source));
  IF c.relowner <> 'tenant_owner'::regrole THEN
    RAISE EXCEPTION '% belongs to %: ALTER TABLE % OWNER TO tenant_owner', relation, c.relowner::regrole, relation;
  ELSIF c.relkind = 'p' AND modulus NOT IN (0, former) THEN
    RAISE EXCEPTION '% has % partitions: run this with modulus=0 first', relation, former;
  ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attidentity <> '') THEN
    RAISE EXCEPTION '% has an identity column: give it a sequence and a default', relation;
  END IF;
  -- Whatever refers to the table by its number would go with it.
  SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO others
    FROM pg_depend d
   WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = source AND d.deptype IN ('n', 'a')
     AND NOT (EXISTS (SELECT FROM pg_attrdef o WHERE d.classid = 'pg_attrdef'::regclass AND o.oid = d.objid AND o.adrelid = source)
              OR EXISTS (SELECT FROM pg_trigger o WHERE d.classid = 'pg_trigger'::regclass AND o.oid = d.objid AND o.tgrelid = source)
              OR EXISTS (SELECT FROM pg_policy o WHERE d.classid = 'pg_policy'::regclass AND o.oid = d.objid AND o.polrelid = source)
              OR d.classid = 'pg_constraint'::regclass
                 AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.conrelid = source AND k.contype IN ('c', 'f', 'p', 'u'))
              OR d.classid = 'pg_class'::regclass
                 AND EXISTS (SELECT FROM pg_class o WHERE o.oid = d.objid
                                AND (o.relkind IN ('i', 'I', 'S') OR o.relispartition)));
  IF others IS NOT NULL THEN
    RAISE EXCEPTION '% is referred to: drop, and make anew afterwards: %', relation, others;
  ELSIF EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = source) THEN
    RAISE EXCEPTION 'a subscription brings rows into %: run this when it has ended', relation;
  END IF;
END
$$;

-- Options and statistics targets of columns, and of the table itself where it has rows of its own. n_distinct is for these, and
-- n_distinct_inherited for what partitions hold together.
CREATE PROCEDURE tenant_partitioning.copy_options(source regclass, target regclass) LANGUAGE plpgsql AS $$
DECLARE
  is_divided boolean := (SELECT relkind = 'p' FROM pg_class WHERE oid = target);
  former record;
BEGIN
  FOR former IN
    SELECT attname, array_to_string(attoptions, ', ') AS options, attstattarget AS target FROM pg_attribute
     WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND (attoptions IS NOT NULL OR attstattarget >= 0)
  LOOP
    IF former.options IS NOT NULL THEN
      EXECUTE format('ALTER TABLE %s ALTER %I SET (%s)', target, former.attname,
                     CASE is_divided WHEN true THEN regexp_replace(former.options, 'n_distinct=([^, ]+)', '\&, n_distinct_inherited=\1')
                                     ELSE regexp_replace(former.options, ', n_distinct_inherited=[^, ]+', '') END);
    END IF;
    IF former.target >= 0 THEN
      EXECUTE format('ALTER TABLE %s ALTER %I SET STATISTICS %s', target, former.attname, former.target);
    END IF;
  END LOOP;
  -- All partitions have the same options.
  SELECT array_to_string(reloptions, ', ') AS options INTO former FROM pg_class
   WHERE oid = coalesce((SELECT min(leaf::oid) FROM tenant_partitioning.leaves(source) leaf), source);
  IF former.options IS NOT NULL AND NOT is_divided THEN
    EXECUTE format('ALTER TABLE %s SET (%s)', target, former.options);
  END IF;
END
$$;

-- Takes away what default privileges have given.
CREATE PROCEDURE tenant_partitioning.close(target regclass) LANGUAGE plpgsql AS $$
DECLARE
  grantee text;
BEGIN
  FOR grantee IN
    SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
      FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = target AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', target, grantee);
  END LOOP;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
END
$$;

CREATE PROCEDURE tenant_partitioning.copy_policies(relation text, target regclass, wanted name) LANGUAGE plpgsql AS $$
DECLARE
  p record;
BEGIN
  FOR p IN
    SELECT * FROM pg_policies
     WHERE schemaname = 'public' AND tablename = relation AND policyname = coalesce(wanted, policyname)
  LOOP
    EXECUTE format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.policyname, target, p.permissive, p.cmd,
                   (SELECT string_agg(CASE role WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(role) END, ', ') FROM unnest(p.roles) role))
            || coalesce(' USING (' || p.qual || ')', '') || coalesce(' WITH CHECK (' || p.with_check || ')', '');
  END LOOP;
END
$$;

-- A partition of the copy in a schema of its own.
CREATE PROCEDURE tenant_partitioning.add_leaf(relation text, modulus integer, remainder integer) LANGUAGE plpgsql AS $$
DECLARE
  leaf text := format('tenant_partition_%s.%I', remainder, relation);
BEGIN
  EXECUTE format('CREATE SCHEMA IF NOT EXISTS tenant_partition_%s', remainder);
  EXECUTE format('CREATE TABLE %s PARTITION OF tenant_partitioning.%I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                 leaf, relation, modulus, remainder);
  CALL tenant_partitioning.copy_options(tenant_partitioning.source(relation), leaf::regclass);
  CALL tenant_partitioning.close(leaf::regclass);
  CALL tenant_partitioning.copy_policies(relation, leaf::regclass, 'tenant_owner');
END
$$;

-- The statements that make the keys and indexes of one table, as they are.
CREATE FUNCTION tenant_partitioning.indexes(source regclass) RETURNS TABLE (name name, is_unique boolean, is_primary boolean, columns text[], statement text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT c.relname, i.indisunique, i.indisprimary,
         ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts ORDER BY a.attnum),
         CASE WHEN k.oid IS NULL
              THEN regexp_replace(replace(pg_get_indexdef(i.indexrelid), '%', '%%'), ' ON (ONLY )?\S+ USING ', ' ON %s USING ')
              ELSE format('ALTER TABLE %%s ADD CONSTRAINT %I %s', c.relname, replace(pg_get_constraintdef(k.oid), '%', '%%')) END
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
   WHERE i.indrelid = source
   ORDER BY NOT i.indisprimary, NOT i.indisunique, c.relname;
END;

-- What makes them of a partitioned table: a unique one without tenant_id gains it, and is not made twice.
CREATE FUNCTION tenant_partitioning.divided_indexes(source regclass) RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH divided AS (
    SELECT i.name, i.is_primary, i.is_unique,
           CASE WHEN i.is_unique AND NOT 'tenant_id' = ANY (i.columns) THEN ARRAY['tenant_id'] || i.columns ELSE i.columns END AS columns,
           CASE WHEN i.is_unique AND NOT 'tenant_id' = ANY (i.columns)
                THEN regexp_replace(i.statement, '(USING \w+|UNIQUE|PRIMARY KEY) \(', '\1 (tenant_id, ') ELSE i.statement END AS statement
      FROM tenant_partitioning.indexes(source) i),
  twins AS (
    SELECT p.name AS primary_name, t.name AS twin
      FROM divided p
      JOIN divided t ON p.is_primary AND t.is_unique AND NOT t.is_primary AND t.columns = p.columns AND t.statement NOT LIKE '% WHERE %')
  SELECT CASE WHEN d.is_primary AND t.twin IS NOT NULL
              THEN replace(d.statement, format('CONSTRAINT %I ', d.name), format('CONSTRAINT %I ', t.twin)) ELSE d.statement END
    FROM divided d
    LEFT JOIN twins t ON true
   WHERE d.name IS DISTINCT FROM t.twin
   ORDER BY NOT d.is_primary, NOT d.is_unique, d.name;
END;

-- What the copy is made after: it may not change before the copy takes the table's place. Triggers and grants are looked at then.
CREATE FUNCTION tenant_partitioning.shape(relation text) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT string_agg(part, E'\n' ORDER BY part)
    FROM (SELECT concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attoptions, a.attstattarget, a.attidentity,
                           pg_get_expr(d.adbin, d.adrelid))
            FROM pg_attribute a
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE a.attrelid = tenant_partitioning.source(relation) AND a.attnum > 0 AND NOT a.attisdropped
           UNION ALL
          SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = tenant_partitioning.source(relation) AND k.contype <> 't'
           UNION ALL
          SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = tenant_partitioning.source(relation)
           UNION ALL
          SELECT concat_ws(' ', p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check)
            FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = relation) parts (part);
END;
CREATE TABLE tenant_partitioning.former (shape text NOT NULL);
CREATE PROCEDURE tenant_partitioning.check_shape(relation text) LANGUAGE plpgsql AS $$
BEGIN
  IF tenant_partitioning.shape(relation) IS DISTINCT FROM (SELECT f.shape FROM tenant_partitioning.former f) THEN
    RAISE EXCEPTION '% has been altered meanwhile: run this again', relation;
  END IF;
END
$$;

-- The copy, empty, with its partitions, keys, indexes and policies. No role but the owner has a right to it yet.
CREATE PROCEDURE tenant_partitioning.make_copy(relation text, modulus integer) LANGUAGE plpgsql AS $$
DECLARE
  source regclass := tenant_partitioning.source(relation);
  target text := format('tenant_partitioning.%I', relation);
  keys text[] := (SELECT p.keys FROM tenant_migration.partitioned p WHERE p.relation = make_copy.relation);
  statements text[] := CASE WHEN modulus > 0 THEN ARRAY(SELECT tenant_partitioning.divided_indexes(source))
                            ELSE keys || ARRAY(SELECT i.statement FROM tenant_partitioning.indexes(source) i
                                                WHERE NOT EXISTS (SELECT FROM unnest(keys) k WHERE k LIKE format('%% %I %%', i.name))) END;
  statement text;
  n record;
BEGIN
  IF statements IS NULL THEN
    RAISE EXCEPTION 'tenant_migration.partitioned does not say which keys % had', relation;
  END IF;
  INSERT INTO tenant_partitioning.former SELECT tenant_partitioning.shape(relation);
  EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING COMPRESSION '
                 'INCLUDING GENERATED INCLUDING STORAGE)', target, source)
          || CASE WHEN modulus > 0 THEN ' PARTITION BY HASH (tenant_id)' ELSE '' END;
  CALL tenant_partitioning.copy_options(source, target::regclass);
  CALL tenant_partitioning.close(target::regclass);
  CALL tenant_partitioning.copy_policies(relation, target::regclass, NULL);
  FOR remainder IN 0 .. modulus - 1 LOOP
    CALL tenant_partitioning.add_leaf(relation, modulus, remainder);
  END LOOP;
  FOREACH statement IN ARRAY statements LOOP
    EXECUTE format(statement, target);
  END LOOP;
  FOR n IN
    SELECT i.inhrelid::regclass AS index, p.relname AS name
      FROM tenant_partitioning.leaves(target::regclass) leaf
      JOIN pg_index x ON x.indrelid = leaf
      JOIN pg_inherits i ON i.inhrelid = x.indexrelid
      JOIN pg_class p ON p.oid = i.inhparent
      JOIN pg_class c ON c.oid = i.inhrelid
     WHERE c.relname <> p.relname
  LOOP
    EXECUTE format('ALTER INDEX %s RENAME TO %I', n.index, n.name);
  END LOOP;
  CALL tenant_partitioning.copy_identity(source, target::regclass);
END
$$;

-- By what the copy's rows are replicated, and those of its partitions: by the same index. If that was dropped, by nothing: so it is then.
CREATE PROCEDURE tenant_partitioning.copy_identity(source regclass, target regclass) LANGUAGE plpgsql AS $$
DECLARE
  identity text := (
    SELECT CASE c.relreplident WHEN 'i' THEN coalesce('USING INDEX ' || quote_ident(x.relname), 'NOTHING')
                               WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'DEFAULT' END
      FROM pg_class c
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
      LEFT JOIN pg_class x ON x.oid = i.indexrelid
     WHERE c.oid = source);
  relation regclass;
BEGIN
  FOR relation IN SELECT target UNION ALL SELECT * FROM tenant_partitioning.leaves(target) LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY %s', relation, identity);
  END LOOP;
END
$$;

-- From now on what is written is in the copy too. What comes by logical replication as well. A transaction with a snapshot of its own
-- may not see a row that has been copied since, and its DELETE leaves that: an INSERT finds out, and fails with 40001 then.
CREATE PROCEDURE tenant_partitioning.begin_mirror(relation text) LANGUAGE plpgsql AS $$
DECLARE
  source regclass := tenant_partitioning.source(relation);
  target text := format('tenant_partitioning.%I', relation);
  foreign_key record;
BEGIN
  EXECUTE format($f$
    CREATE FUNCTION tenant_partitioning.mirror() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $m$
    BEGIN
      IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (OLD.tenant_id, OLD.id) IS DISTINCT FROM (NEW.tenant_id, NEW.id) THEN
        DELETE FROM %1$s WHERE tenant_id = OLD.tenant_id AND id = OLD.id;
        IF NOT FOUND AND current_setting('transaction_isolation') <> 'read committed'
           AND EXISTS (SELECT FROM public.tenants t WHERE t.id = OLD.tenant_id) THEN
          INSERT INTO %1$s (%2$s) VALUES (%5$s) ON CONFLICT DO NOTHING;
          DELETE FROM %1$s WHERE tenant_id = OLD.tenant_id AND id = OLD.id;
        END IF;
      END IF;
      IF TG_OP <> 'DELETE' THEN
        INSERT INTO %1$s (%2$s) VALUES (%3$s) ON CONFLICT (tenant_id, id) DO UPDATE SET (%2$s) = ROW (%4$s);
      END IF;
      RETURN NULL;
    END
    $m$ $f$, target, tenant_partitioning.columns(relation, ''), tenant_partitioning.columns(relation, 'NEW.'),
    tenant_partitioning.columns(relation, 'EXCLUDED.'), tenant_partitioning.columns(relation, 'OLD.'));
  CREATE FUNCTION tenant_partitioning.refuse() RETURNS trigger LANGUAGE plpgsql AS $m$
  BEGIN
    RAISE EXCEPTION 'partition.sql is at work with %: TRUNCATE it later', TG_TABLE_NAME;
  END
  $m$;
  REVOKE ALL ON FUNCTION tenant_partitioning.mirror(), tenant_partitioning.refuse() FROM PUBLIC;

  CALL tenant_migration.lock_tables(relation, 'tenants');
  FOR foreign_key IN
    SELECT conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '') AS definition FROM pg_constraint
     WHERE conrelid = source AND contype = 'f' AND conparentid = 0
  LOOP
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, foreign_key.conname, foreign_key.definition);
  END LOOP;
  EXECUTE format('CREATE TRIGGER tenant_partitioning AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION tenant_partitioning.mirror()', source);
  EXECUTE format('CREATE TRIGGER tenant_partitioning_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION tenant_partitioning.refuse()', source);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER tenant_partitioning, ENABLE ALWAYS TRIGGER tenant_partitioning_truncate', source);
END
$$;

-- The next rows, in the order of tenant_id and id, behind the last ones; they come back as the new last ones, NULL at the end. The
-- lock keeps a row from being removed between reading and writing it; it holds up nobody else.
CREATE PROCEDURE tenant_partitioning.fill(relation text) LANGUAGE plpgsql AS $$
DECLARE
  statement text := format(
    'WITH portion AS MATERIALIZED (SELECT %1$s FROM %2$s WHERE (tenant_id, id) > ($1, $2) ORDER BY tenant_id, id LIMIT 2000 FOR KEY SHARE), '
    'put AS (INSERT INTO tenant_partitioning.%3$I (%1$s) SELECT %1$s FROM portion ON CONFLICT (tenant_id, id) DO NOTHING) '
    'SELECT tenant_id, id::bigint FROM portion ORDER BY tenant_id DESC, id DESC LIMIT 1', -- where ids are integer as well
    tenant_partitioning.columns(relation, ''), tenant_partitioning.source(relation), relation);
  last record;
  reached record;
BEGIN
  SELECT '-2147483648'::integer AS tenant_id, '-9223372036854775808'::bigint AS id INTO last;
  LOOP
    BEGIN
      PERFORM set_config('lock_timeout', '200ms', true);
      EXECUTE statement INTO reached USING last.tenant_id, last.id;
      last := reached;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_sleep(0.1);
    END;
    COMMIT;
    EXIT WHEN last.tenant_id IS NULL;
  END LOOP;
END
$$;

-- Fails unless the copy has each row as the table has it. A statement sees both at one moment.
CREATE PROCEDURE tenant_partitioning.compare(relation text) LANGUAGE plpgsql AS $$
DECLARE
  sums text := format('SELECT count(*) AS rows, coalesce(sum(hashtextextended(ROW (%s)::text, 0)::numeric), 0) AS sum FROM ',
                      tenant_partitioning.columns(relation, 't.'));
  result record;
BEGIN
  EXECUTE format('SELECT s.rows AS source, c.rows AS copy, s.sum = c.sum AS is_same FROM (%s%s t) s, (%1$stenant_partitioning.%3$I t) c',
                 sums, tenant_partitioning.source(relation), relation) INTO result;
  IF result.source <> result.copy OR NOT result.is_same THEN
    RAISE EXCEPTION '% has % rows, its copy %, or others: nothing is changed', relation, result.source, result.copy;
  END IF;
END
$$;

-- The statements that grant what roles have of the table.
CREATE FUNCTION tenant_partitioning.grants(source regclass) RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT format('GRANT %s%s ON TABLE %s TO %s%s', g.privilege_type, ' (' || quote_ident(g.attname) || ')', source,
                CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
                CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM (SELECT NULL AS attname, x.* FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = source AND x.grantee <> c.relowner
           UNION ALL
          SELECT a.attname, x.* FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = source AND NOT a.attisdropped) g;
END;

-- The copy takes the table's place, with its triggers, grants and sequence.
CREATE PROCEDURE tenant_partitioning.take_place(relation text, modulus integer) LANGUAGE plpgsql AS $$
DECLARE
  source regclass := tenant_partitioning.source(relation);
  sequence regclass;
  keys text[] := ARRAY(SELECT i.statement FROM tenant_partitioning.indexes(source) i WHERE i.is_unique);
  comment text := obj_description(source, 'pg_class');
  later text[];
  statement text;
BEGIN
  CALL tenant_migration.lock_tables(relation, 'tenants');
  CALL tenant_partitioning.check_shape(relation);
  CALL tenant_partitioning.check(relation, modulus); -- a publication, as of a tenant that moves, would go without a word
  EXECUTE format('DROP TRIGGER tenant_partitioning ON %s', source);
  EXECUTE format('DROP TRIGGER tenant_partitioning_truncate ON %s', source);
  later := ARRAY(SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = source AND NOT tgisinternal AND tgparentid = 0)
           || ARRAY(SELECT format('ALTER TABLE %s %s TRIGGER %I', source,
                                  CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, tgname)
                      FROM pg_trigger WHERE tgrelid = source AND NOT tgisinternal AND tgparentid = 0 AND tgenabled <> 'O')
           || ARRAY(SELECT tenant_partitioning.grants(source));
  SELECT d.objid::regclass INTO sequence FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = source AND d.deptype = 'a';
  IF sequence IS NOT NULL THEN
    EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', sequence);
    later := later || format('ALTER SEQUENCE %s OWNED BY public.%I.id', sequence, relation);
  END IF;
  IF comment IS NOT NULL THEN
    later := later || format('COMMENT ON TABLE public.%I IS %L', relation, comment);
  END IF;

  EXECUTE format('DROP TABLE %s', source);
  EXECUTE format('ALTER TABLE tenant_partitioning.%I SET SCHEMA public', relation);
  FOREACH statement IN ARRAY later LOOP
    EXECUTE statement;
  END LOOP;

  DELETE FROM tenant_migration.partitioned p WHERE p.relation = take_place.relation;
  IF modulus > 0 THEN
    INSERT INTO tenant_migration.partitioned (relation, modulus, keys) VALUES (relation, modulus, keys);
  END IF;
END
$$;

\if :{?modulus}
\else
  DO $$ BEGIN RAISE EXCEPTION 'say how many partitions: -v modulus=4, or 0 for one table'; END $$;
\endif
CALL tenant_partitioning.check(:'relation', :'modulus');
COMMIT;
SELECT relkind = CASE :'modulus' WHEN '0' THEN 'r' ELSE 'p' END AS is_so
  FROM pg_class WHERE oid = tenant_partitioning.source(:'relation') \gset

\if :is_so
  \echo :relation 'has that form already'
\else
  CALL tenant_partitioning.make_copy(:'relation', :'modulus');
  CALL tenant_partitioning.begin_mirror(:'relation');
  CALL tenant_partitioning.fill(:'relation');
  ANALYZE tenant_partitioning.:"relation";
  CALL tenant_partitioning.check_shape(:'relation');
  CALL tenant_partitioning.compare(:'relation');
  CALL tenant_partitioning.take_place(:'relation', :'modulus');
\endif

DROP SCHEMA tenant_partitioning CASCADE;
-- Those of a table that has no partitions any more.
SELECT format('DROP SCHEMA %I', nspname) FROM pg_namespace n
 WHERE nspname ~ '^tenant_partition_[0-9]+$' AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) \gexec
SELECT 'DROP TABLE tenant_migration.partitioned' WHERE NOT EXISTS (SELECT FROM tenant_migration.partitioned) \gexec
