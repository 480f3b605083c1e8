-- SPDX-License-Identifier: Apache-2.0
-- How ids.c widens the ids of a table while it is in use. The catalog says how far that has come, so whoever goes on after an
-- interruption goes on where it was.

-- text next
-- What is to be done next for a table: the step; a word to the user; what to run; and what else. Steps:
--   refused  nothing can be done: why
--   alter    a short transaction, which waits for no lock for long
--   fill     portions of rows, until there are none; then the other text, once
--   build    a statement that stands in nobody's way, and in no transaction
--   swap     the last short transaction; ahead of it the other text
--   done     nothing
-- $1: the table
WITH target AS (
  SELECT c.oid AS relid, c.relname, format('public.%I', c.relname) AS name, a.attnum, a.atttypid, a.attidentity, a.attacl, a.attoptions,
         c.relkind, tenant_migration.id_sequence(c.oid::regclass) AS sequence
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND NOT a.attisdropped
   WHERE c.oid = to_regclass(format('public.%I', $1::text))),
indexes AS (
  SELECT i.indexrelid, i.indisreplident, c.relname AS index, w.copy, k.conname, k.contype, x.oid AS copied, xi.indisvalid AS is_valid,
         format('CREATE %sINDEX CONCURRENTLY %I ON %s ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, w.copy, t.name)
           || regexp_replace(d.text, '\mid\M', 'id_wide', 'g') AS definition,
         (SELECT bool_or(quoted[1] ~ '\mid\M') FROM regexp_matches(d.text, '(''[^'']*''|"[^"]*")', 'g') quoted) AS is_quoted
    FROM target t
    JOIN pg_index i ON i.indrelid = t.relid
    JOIN pg_class c ON c.oid = i.indexrelid
   CROSS JOIN LATERAL (SELECT format('tenant_widen_%s', i.indexrelid)) w (copy)
   CROSS JOIN LATERAL (SELECT pg_get_indexdef(i.indexrelid)) f (text)
   CROSS JOIN LATERAL (SELECT substring(f.text FROM position(' USING ' IN f.text) + 1)) d (text)
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.relid AND k.contype IN ('p', 'u')
    LEFT JOIN pg_class x ON x.relnamespace = 'public'::regnamespace AND x.relname = w.copy
    LEFT JOIN pg_index xi ON xi.indexrelid = x.oid
   WHERE EXISTS (SELECT FROM pg_depend p
                  WHERE p.classid = 'pg_class'::regclass AND p.objid = i.indexrelid AND p.refclassid = 'pg_class'::regclass
                    AND p.refobjid = t.relid AND p.refobjsubid = t.attnum)
      OR t.attnum = ANY (i.indkey)),
keys AS (
  SELECT k.oid, k.conname, k.conrelid::regclass AS relation, k.convalidated,
         regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') AS definition
    FROM target t
    JOIN pg_constraint k ON k.confrelid = t.relid AND k.contype = 'f' AND t.attnum = ANY (k.confkey)),
obstacles AS (
  SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS what
    FROM target t
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.relid AND d.refobjsubid = t.attnum
   WHERE NOT (d.classid = 'pg_class'::regclass
              AND (d.objid IN (SELECT indexrelid FROM indexes) OR d.objid = t.sequence))
     AND NOT (d.classid = 'pg_attrdef'::regclass
              AND EXISTS (SELECT FROM pg_attrdef f WHERE f.oid = d.objid AND f.adrelid = t.relid AND f.adnum = t.attnum))
     AND NOT (d.classid = 'pg_constraint'::regclass
              AND EXISTS (SELECT FROM pg_constraint k
                           WHERE k.oid = d.objid AND (k.conrelid = t.relid AND k.contype IN ('p', 'u')
                                                      OR k.oid IN (SELECT oid FROM keys) AND k.conrelid <> t.relid
                                                      OR k.conname = t.relname || '_id_wide')))
   UNION
  SELECT format('publication %s', p.pubname) FROM target t JOIN pg_publication_tables p ON p.schemaname = 'public' AND p.tablename = t.relname
   UNION
  SELECT 'that it inherits' FROM target t
   WHERE t.relkind <> 'r' OR EXISTS (SELECT FROM pg_inherits h WHERE t.relid IN (h.inhrelid, h.inhparent))
   UNION
  SELECT format('index %s, which has the word id in quotes', index) FROM indexes WHERE is_quoted
   UNION
  SELECT 'that its id is an identity column' FROM target t WHERE t.attidentity <> ''
   UNION
  SELECT format('foreign key %s, as another role owns %s', k.conname, k.relation)
    FROM keys k JOIN pg_class c ON c.oid = k.relation WHERE NOT pg_has_role(c.relowner, 'USAGE')),
state AS (
  SELECT t.*, t.atttypid = 'bigint'::regtype AS is_wide,
         EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.relid AND a.attname = 'id_wide' AND NOT a.attisdropped) AS is_begun,
         EXISTS (SELECT FROM pg_constraint k
                  WHERE k.conrelid = t.relid AND k.conname = t.relname || '_id_wide' AND k.convalidated) AS is_filled
    FROM target t)
SELECT * FROM (
  SELECT 0 AS rank, 'refused' AS step, 'it has partitions: make it one table first, by partition.sql' AS word, '' AS sql, '' AS other
    FROM state
   WHERE NOT is_wide AND relkind = 'p'
   UNION ALL
  SELECT 1, 'refused', format('%s stands in the way: ALTER TABLE cannot keep it', string_agg(what, ', ' ORDER BY what)), '', ''
    FROM state, obstacles
   WHERE NOT is_wide
  HAVING count(*) > 0
   UNION ALL
  SELECT 2, 'refused', format('its id is of type %s', atttypid::regtype), '', ''
    FROM state WHERE atttypid NOT IN ('integer'::regtype, 'bigint'::regtype)
   UNION ALL
  SELECT 3, 'alter', 'the new column',
         format('DO %L', format($$
BEGIN
  PERFORM set_config('lock_timeout', '200ms', true);
  ALTER TABLE %1$s ADD COLUMN id_wide bigint, ADD CONSTRAINT %2$I CHECK (id_wide IS NOT NULL AND id_wide = id) NOT VALID;
  -- Behind tenant_row_version by its name. A row that is only filled is the same row as before, with the same tag.
  CREATE OR REPLACE FUNCTION tenant_migration.widen_id() RETURNS trigger LANGUAGE plpgsql AS $f$
  BEGIN
    NEW.id_wide := NEW.id;
    IF TG_OP = 'UPDATE' AND pg_catalog.current_setting('mod_tenant.widening', true) = 'on' THEN
      NEW.row_version := OLD.row_version;
    END IF;
    RETURN NEW;
  END
  $f$;
  CREATE TRIGGER tenant_widen_id BEFORE INSERT OR UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION tenant_migration.widen_id();
  ALTER TABLE %1$s ENABLE ALWAYS TRIGGER tenant_widen_id;
END $$, name, relname || '_id_wide')), ''
    FROM state WHERE NOT is_wide AND NOT is_begun
   UNION ALL
  SELECT 4, 'fill', 'rows', format($$
WITH portion AS (SELECT id FROM %1$s WHERE id > $1::bigint AND id_wide IS NULL ORDER BY id LIMIT $2::int),
filled AS (UPDATE %1$s t SET id_wide = t.id FROM portion p WHERE t.id = p.id RETURNING t.id)
SELECT max(id), count(*) FROM filled$$, name), format('ALTER TABLE %s VALIDATE CONSTRAINT %I', name, relname || '_id_wide')
    FROM state WHERE NOT is_wide AND NOT is_filled
   UNION ALL
  (SELECT 5, 'build', 'index ' || index, CASE WHEN copied IS NULL THEN definition ELSE format('DROP INDEX CONCURRENTLY public.%I', copy) END, ''
     FROM state, indexes WHERE NOT is_wide AND is_valid IS NOT TRUE ORDER BY index LIMIT 1)
   UNION ALL
  SELECT 6, 'swap', 'the new column takes the place of the old one',
         format('DO %L', format(E'BEGIN\n PERFORM set_config(''lock_timeout'', ''200ms'', true);\n%s;\nEND', array_to_string(
           ARRAY[format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', name),
                 format('DROP TRIGGER tenant_widen_id ON %s', name)]
           || CASE WHEN sequence IS NOT NULL
                   THEN ARRAY[format('ALTER SEQUENCE %s AS bigint', sequence), format('ALTER SEQUENCE %s OWNED BY %s.id_wide', sequence, name)]
                        ELSE '{}' END
           || ARRAY(SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', relation, conname) FROM keys)
           || ARRAY(SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', name, conname) FROM indexes WHERE conname IS NOT NULL)
           || (SELECT format('ALTER TABLE %s ALTER id_wide SET DEFAULT %s', name, pg_get_expr(f.adbin, f.adrelid))
                 FROM pg_attrdef f WHERE f.adrelid = relid AND f.adnum = attnum)
           || ARRAY[format('ALTER TABLE %s ALTER id_wide SET NOT NULL', name),
                    format('ALTER TABLE %s DROP CONSTRAINT %I', name, relname || '_id_wide'),
                    format('ALTER TABLE %s DROP COLUMN id', name),
                    format('ALTER TABLE %s RENAME COLUMN id_wide TO id', name)]
           || ARRAY(SELECT CASE WHEN conname IS NULL THEN format('ALTER INDEX public.%I RENAME TO %I', copy, index)
                                ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I', name, conname,
                                            CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, copy) END
                      FROM indexes ORDER BY index)
           || ARRAY(SELECT format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', name, index) FROM indexes WHERE indisreplident)
           || ARRAY(SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', relation, conname, definition) FROM keys)
           || ARRAY(SELECT format('GRANT %s (id) ON %s TO %s', g.privilege_type, name,
                                  CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END) FROM aclexplode(attacl) g)
           || CASE WHEN attoptions IS NOT NULL THEN ARRAY[format('ALTER TABLE %s ALTER id SET (%s)', name, array_to_string(attoptions, ', '))]
                   ELSE '{}' END
           || ARRAY(SELECT format('COMMENT ON COLUMN %s.id IS %L', name, c) FROM col_description(relid, attnum) c WHERE c IS NOT NULL)
           || ARRAY[format('CALL tenant_migration.record(%L, %L, %L, %L)', 'wide_ids', relname, format('ALTER TABLE %I ALTER id TYPE integer', relname),
                           format('SELECT id FROM %I WHERE id > 2147483647', relname))]
           || CASE WHEN sequence IS NOT NULL
                   THEN ARRAY[format('CALL tenant_migration.record(%L, %L, %L)', 'wide_ids', relname, format('ALTER SEQUENCE %s AS integer', sequence))]
                   ELSE '{}' END
           || CASE WHEN 1 = (SELECT count(*) FROM pg_trigger g WHERE g.tgfoid = to_regproc('tenant_migration.widen_id'))
                   THEN ARRAY['DROP FUNCTION tenant_migration.widen_id()'] ELSE '{}' END, E';\n'))),
         format('ANALYZE %s (id_wide)', name)
    FROM state WHERE NOT is_wide
   UNION ALL
  (SELECT 7, 'build', format('foreign key %s of %s', conname, relation), format('ALTER TABLE %s VALIDATE CONSTRAINT %I', relation, conname), ''
     FROM state, keys WHERE is_wide AND NOT convalidated ORDER BY conname LIMIT 1)
   UNION ALL
  SELECT 8, 'done', '', '', '' FROM state) steps
 ORDER BY rank LIMIT 1
