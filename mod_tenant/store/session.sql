-- SPDX-License-Identifier: Apache-2.0
-- How session.c makes and inspects the session of a connection. All names of the catalog have their schema: what stands in
-- its place for a session that somebody has changed is just what is looked for.

-- part settings
-- pg_temp comes last: where search_path does not name it, a temporary table would take the place of any other of its name.
-- Statements are written for READ COMMITTED: at another level those that have nothing to do with each other fail for each
-- other's sake.
('search_path', 'public, pg_temp'),
('default_transaction_isolation', 'read committed'),
('row_security', 'on'),
('timezone', 'UTC'),
('datestyle', 'ISO, YMD'),
('standard_conforming_strings', 'on')

-- part origin
-- What a session takes over when it begins: the settings of its database and role, whether the server is a standby, and whether
-- it has been told to take no writes.
pg_catalog.concat_ws(' ', pg_catalog.pg_is_in_recovery(),
  (SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name = 'default_transaction_read_only'),
  (SELECT pg_catalog.string_agg(s.setconfig::text, ' ' ORDER BY s.setdatabase, s.setrole)
     FROM pg_catalog.pg_db_role_setting s
    WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d
                                 WHERE d.datname = pg_catalog.current_database()))
      AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))))

-- statement settle
-- Gives the session its settings.
SELECT pg_catalog.set_config(w.name, w.value, false)
  FROM (VALUES
:settings
  ) w (name, value)

-- statement origin
-- What the session is made from; the number of its process.
SELECT
:origin
  , pg_catalog.pg_backend_pid()::text

-- statement tag
-- A word for the form of all relations and the types of all functions: what was prepared before it has changed is no use.
SELECT pg_catalog.left(pg_catalog.md5(pg_catalog.concat_ws(' ',
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod,
                                                     a.attisdropped), ' ' ORDER BY a.attrelid, a.attnum)
     FROM pg_catalog.pg_attribute a
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0),
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', f.oid, f.proargtypes, f.prorettype), ' ' ORDER BY f.oid)
     FROM pg_catalog.pg_proc f
    WHERE f.pronamespace = 'public'::regnamespace))), 16)

-- statement kept
-- A row where this very statement is prepared by the name that the module has for it: a pooler that keeps prepared statements
-- has names of its own.
SELECT p.name FROM pg_catalog.pg_prepared_statements p WHERE p.name = 'session_kept'

-- statement inspect
-- The same, and what the session should not have; "" where it is as it was made. A temporary schema that is empty is what ON
-- COMMIT DROP leaves. A setting's source is `session` where a SET was not LOCAL.
-- $1 text: the names of the prepared statements that it should have, as text[]
SELECT
:origin
  , pg_catalog.concat_ws(', ',
      (SELECT 'the settings ' || pg_catalog.string_agg(s.name, ' ' ORDER BY s.name)
         FROM pg_catalog.pg_settings s
        WHERE s.source = 'session'
          AND (pg_catalog.lower(s.name), s.setting) NOT IN (VALUES
:settings
              )),
      CASE WHEN pg_catalog.current_setting('mod_tenant.tenant_id', true) <> '' THEN 'a tenant' END,
      CASE WHEN pg_catalog.pg_my_temp_schema() <> 0
            AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_catalog.pg_my_temp_schema())
           THEN 'temporary tables' END,
      CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks l
                         WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid())
           THEN 'advisory locks' END,
      CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_cursors c WHERE c.is_holdable) THEN 'cursors' END,
      CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_prepared_statements p WHERE p.name <> ALL ($1::text[]))
           THEN 'prepared statements' END,
      CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_listening_channels()) THEN 'a LISTEN' END)
