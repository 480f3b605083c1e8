-- SPDX-License-Identifier: Apache-2.0
-- What the doctor asks PostgreSQL's catalog. Each check is a query for two columns: what is not as sql/ leaves it, and
-- what is wrong with it. catalog.c puts `shared` ahead of each, for what several of them need.
--
-- catalog.c adds what THE table says of the resources (mod_tenant/resource/resources.c): `operations` (role, privilege,
-- relation), what each role has to be able to do, `fields` (relation, name, may_be_null, is_filter), and `conflicts`
-- (relation, name), the unique indexes of which the API tells that a value is taken.
--
-- Nothing here may fail because a table or role is missing: the check that finds that says so. Hence to_regrole(), which
-- is NULL then, and comparisons that are not true with it.

-- text shared
WITH
-- Tables with rows of tenants, whoever has made them; key is the column that says whose.
tables AS (
  SELECT c.oid, c.relname, c.relkind, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
         CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END AS key
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
     AND (c.relname = 'tenants'
          OR EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))),
roles AS (
  SELECT oid, rolname, rolconfig FROM pg_roles WHERE rolname IN ('tenant_api', 'tenant_admin')),
-- An expression names tenant_context() without its schema where search_path has that.
policies AS (
  SELECT p.polrelid, p.polcmd, p.polroles, p.polpermissive,
         replace(pg_get_expr(p.polqual, p.polrelid), 'public.', '') AS qual,
         replace(pg_get_expr(p.polwithcheck, p.polrelid), 'public.', '') AS new_qual
    FROM pg_policy p),
indexes AS (
  SELECT i.indrelid, i.indisunique, i.indisvalid AND i.indisready AS is_valid, c.relname AS name,
         ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid ORDER BY a.attnum) AS columns
    FROM pg_index i
    JOIN tables t ON t.oid = i.indrelid
    JOIN pg_class c ON c.oid = i.indexrelid)

-- check roles
SELECT w.name, format('must %shave %s: run bootstrap.sql', CASE WHEN NOT a.wanted THEN 'not ' END, a.attribute)
  FROM (VALUES
         ('tenant_owner', true, false, true),
         ('tenant_api', true, false, false),
         ('tenant_admin', true, false, false),
         ('tenant_lookup', false, false, false)) w (name, login, createrole, bypassrls)
  JOIN pg_roles r ON r.rolname = w.name
 CROSS JOIN LATERAL (VALUES
         ('LOGIN', w.login, r.rolcanlogin),
         ('CREATEROLE', w.createrole, r.rolcreaterole),
         ('BYPASSRLS', w.bypassrls, r.rolbypassrls),
         ('SUPERUSER', false, r.rolsuper),
         ('CREATEDB', false, r.rolcreatedb),
         ('REPLICATION', false, r.rolreplication)) a (attribute, wanted, has)
 WHERE a.wanted <> a.has
   -- where nobody can give it that (managed PostgreSQL) policies show it every row
   AND NOT (w.bypassrls AND a.attribute = 'BYPASSRLS'
            AND NOT EXISTS (SELECT FROM tables t
                             WHERE NOT EXISTS (SELECT FROM policies p
                                                WHERE p.polrelid = t.oid AND r.oid = ANY (p.polroles) AND p.polpermissive
                                                  AND p.polcmd = '*' AND p.qual = 'true' AND p.new_qual = 'true')))
 UNION ALL
SELECT name, 'does not exist: run bootstrap.sql'
  FROM unnest('{tenant_owner,tenant_api,tenant_admin,tenant_lookup}'::text[]) name
 WHERE to_regrole(name) IS NULL
 UNION ALL
SELECT m.rolname, format('must not be a member of %s', g.rolname)
  FROM pg_auth_members a
  JOIN pg_roles m ON m.oid = a.member
  JOIN pg_roles g ON g.oid = a.roleid
 WHERE m.rolname IN ('tenant_api', 'tenant_admin', 'tenant_lookup')
    OR g.rolname = 'tenant_lookup' AND m.rolname <> 'tenant_owner'
 UNION ALL
SELECT 'tenant_owner', 'must be a member of tenant_lookup: run bootstrap.sql'
 WHERE NOT EXISTS (SELECT FROM pg_auth_members
                    WHERE member = to_regrole('tenant_owner') AND roleid = to_regrole('tenant_lookup'))
 UNION ALL
SELECT r.rolname, format('must own nothing, but owns %s', pg_describe_object(d.classid, d.objid, d.objsubid))
  FROM pg_shdepend d
  JOIN roles r ON r.oid = d.refobjid
 WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'
   AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())

-- check role-settings
-- A value that is NULL stands for any. What is logged may be set for the whole server as well.
SELECT r.rolname, format('lacks the setting %s%s: run bootstrap.sql', w.name, ' = ' || w.value)
  FROM roles r
 CROSS JOIN (VALUES
         ('log_parameter_max_length', '0'),
         ('log_parameter_max_length_on_error', '0'),
         ('search_path', 'public, pg_temp'),
         ('default_transaction_isolation', 'read committed'),
         ('row_security', 'on'),
         ('timezone', 'UTC'),
         ('datestyle', 'ISO, YMD'),
         ('plan_cache_mode', 'force_generic_plan'),
         ('enable_incremental_sort', 'off'),
         ('statement_timeout', NULL),
         ('lock_timeout', NULL),
         ('idle_in_transaction_session_timeout', NULL)) w (name, value)
 WHERE NOT EXISTS (SELECT FROM unnest(r.rolconfig) setting
                    WHERE lower(split_part(setting, '=', 1) COLLATE "C") = w.name
                      AND (w.value IS NULL OR substr(setting, length(w.name) + 2) = w.value))
   AND NOT (w.name LIKE 'log\_%'
            AND EXISTS (SELECT FROM pg_settings s
                         WHERE s.name = w.name AND s.setting = w.value
                           AND s.source IN ('command line', 'configuration file', 'database')))

-- check role-settings
-- What is set for a role in this database counts more than what is set for the role.
SELECT r.rolname, format('has the setting %s in this database alone: ALTER ROLE %s IN DATABASE %I RESET %s', setting, r.rolname,
                         current_database(), split_part(setting, '=', 1))
  FROM roles r
  JOIN pg_db_role_setting s ON s.setrole = r.oid
       AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
 CROSS JOIN unnest(s.setconfig) setting
 WHERE lower(split_part(setting, '=', 1)) IN ('search_path', 'default_transaction_isolation', 'row_security', 'timezone', 'datestyle')

-- check temporary-tables
SELECT r.rolname, 'may make temporary tables, which SQL of your own could leave to other tenants'' requests: run bootstrap.sql'
  FROM roles r
 WHERE has_database_privilege(r.oid, (SELECT oid FROM pg_database WHERE datname = current_database()), 'TEMPORARY')

-- check schema
-- As databases have it that were made before PostgreSQL 15.
SELECT 'public', format('%s may make functions and operators in it, which statements of the module could come to call: '
                        'REVOKE CREATE ON SCHEMA public FROM %s',
                        coalesce(r.rolname::text, 'every role'), coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM pg_namespace n
 CROSS JOIN aclexplode(n.nspacl) a
  LEFT JOIN roles r ON r.oid = a.grantee
 WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE' AND (a.grantee = 0 OR r.oid IS NOT NULL)

-- check database
SELECT current_database(), format('is encoded in %s, not in UTF8: the module serves nothing from it', getdatabaseencoding())
 WHERE getdatabaseencoding() <> 'UTF8'
 UNION ALL
SELECT datname, format('its collation was of version %s, the system has %s now: texts may be in another order than their '
                       'indexes, and lists miss rows; REINDEX DATABASE, then ALTER DATABASE %I REFRESH COLLATION VERSION',
                       datcollversion, pg_database_collation_actual_version(oid), datname)
  FROM pg_database
 WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)

-- check tables
SELECT name, 'does not exist: run sqitch deploy'
  FROM (SELECT relation FROM operations
         UNION SELECT unnest('{idempotency_keys,usage_flushes,usage_removed,usage_rounds,tenant_moves}'::text[])) t (name)
 WHERE to_regclass('public.' || name) IS NULL

-- check row-security
SELECT relname, 'row-level security is not enabled' FROM tables WHERE NOT relrowsecurity
 UNION ALL
SELECT relname, 'row-level security is not forced on the owner' FROM tables WHERE NOT relforcerowsecurity

-- check policies
SELECT t.relname, 'the policies for tenant_api are not the one that keeps tenants apart'
  FROM tables t
 WHERE 1 <> (SELECT count(*) FROM policies p
              WHERE p.polrelid = t.oid AND p.polroles && ARRAY[0, to_regrole('tenant_api')::oid])
    OR NOT EXISTS (SELECT FROM policies p
                    WHERE p.polrelid = t.oid AND to_regrole('tenant_api') = ANY (p.polroles)
                      AND p.polpermissive AND p.polcmd = '*'
                      AND p.qual = format('(%I = tenant_context())', t.key) AND p.new_qual = p.qual)
 UNION ALL
SELECT t.relname, 'the policies for tenant_admin do not show it every row'
  FROM tables t
 WHERE NOT EXISTS (SELECT FROM policies p
                    WHERE p.polrelid = t.oid AND to_regrole('tenant_admin') = ANY (p.polroles)
                      AND p.polpermissive AND p.polcmd = '*' AND p.qual = 'true' AND p.new_qual = 'true')
    OR EXISTS (SELECT FROM policies p
                WHERE p.polrelid = t.oid AND p.polroles && ARRAY[0, to_regrole('tenant_admin')::oid]
                  AND NOT p.polpermissive)
 UNION ALL
SELECT t.relname, format('no policy lets tenant_lookup %s', w.verb)
  FROM tables t
  JOIN (VALUES
         ('tenants', 'r', 'read it'),
         ('tenants', 'w', 'change API keys'),
         ('users', 'r', 'read it'),
         ('audit', 'a', 'add to it')) w (name, cmd, verb) ON w.name = t.relname
 WHERE NOT EXISTS (SELECT FROM policies p
                    WHERE p.polrelid = t.oid AND to_regrole('tenant_lookup') = ANY (p.polroles)
                      AND p.polpermissive AND p.polcmd::text = w.cmd AND coalesce(p.qual, p.new_qual) = 'true')
 UNION ALL
SELECT c.relname, 'shows tenant_api rows of tenants without security_invoker'
  FROM pg_class c
  JOIN roles r ON r.rolname = 'tenant_api' AND has_any_column_privilege(r.oid, c.oid, 'SELECT')
 WHERE c.relnamespace = 'public'::regnamespace
   AND (c.relkind = 'm'
        OR c.relkind = 'v' AND NOT coalesce(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on',
                                                                  'security_invoker=1', 'security_invoker=yes'], false))
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')

-- check functions
SELECT name, 'does not exist: run sqitch deploy'
  FROM unnest(ARRAY['tenant_by_host(text)', 'tenant_by_key(text[])', 'user_by_email(integer, text)',
                    'user_id_by_email(integer, text)', 'tenant_rotate_key(integer, text[], text, integer)',
                    'tenant_rotated_key(integer, text[], text[], integer)',
                    'tenants_by_account(text, integer)', 'tenant_rate_limit(integer)',
                    'idempotency_purge(integer, text)', 'node_seen(text, bigint, text, text[], text[])',
                    'node_ended(text, bigint)', 'audit_change()', 'audit_removed()', 'audit_purged()',
                    'audit_refuse()', 'audit_origin(text)', 'audit_action(text, jsonb, jsonb)',
                    'audit_changes(jsonb, jsonb, text[])', 'audit_shortened(jsonb)', 'audit_is_erasure(text)', 'tenant_move_guard()', 'tenant_context()',
                    'twilio_status_rank(text, text)',
                    'twilio_status_latest(text, text, text)']) name
 WHERE to_regprocedure('public.' || name) IS NULL
 UNION ALL
SELECT p.oid::regprocedure::text, 'must set search_path to pg_catalog, pg_temp'
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = to_regrole('tenant_lookup')
   AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
 UNION ALL
SELECT p.oid::regprocedure::text, 'must not be executable by everyone'
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = to_regrole('tenant_lookup')
   AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0))
 UNION ALL
SELECT w.name, format('must be %s', w.wanted)
  FROM unnest(ARRAY['tenant_by_host(text)', 'tenant_by_key(text[])', 'user_by_email(integer, text)',
                    'user_id_by_email(integer, text)', 'tenant_rotate_key(integer, text[], text, integer)',
                    'tenant_rotated_key(integer, text[], text[], integer)',
                    'tenants_by_account(text, integer)', 'tenant_rate_limit(integer)',
                    'idempotency_purge(integer, text)', 'node_seen(text, bigint, text, text[], text[])',
                    'node_ended(text, bigint)',
                    'usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[])',
                    'usage_count(interval)']) name
  JOIN pg_proc p ON p.oid = to_regprocedure('public.' || name)
 CROSS JOIN LATERAL (VALUES
         (name, 'SECURITY DEFINER', p.prosecdef),
         (name, 'owned by tenant_lookup', p.proowner = to_regrole('tenant_lookup')),
         (name, 'executable by tenant_api',
          EXISTS (SELECT FROM roles r
                   WHERE r.rolname = 'tenant_api' AND has_function_privilege(r.oid, p.oid, 'EXECUTE')))
       ) w (name, wanted, has)
 WHERE w.has IS NOT TRUE
 UNION ALL
SELECT p.oid::regprocedure::text, 'must be SECURITY DEFINER and owned by tenant_lookup'
  FROM pg_proc p
 WHERE p.oid IN (to_regprocedure('public.audit_change()'), to_regprocedure('public.audit_removed()'),
                 to_regprocedure('public.audit_purged()'), to_regprocedure('public.tenant_move_guard()'))
   AND (p.prosecdef AND p.proowner = to_regrole('tenant_lookup')) IS NOT TRUE
 UNION ALL
SELECT 'tenant_context()', 'must be STABLE, without SECURITY DEFINER and SET: else it is called for each row'
  FROM pg_proc p
 WHERE p.oid = to_regprocedure('public.tenant_context()')
   AND NOT (p.provolatile = 's' AND NOT p.prosecdef AND p.proconfig IS NULL)

-- check triggers
SELECT format('%s.%s', relation, name), 'is missing or disabled: caches do not hear of changes'
  FROM (VALUES ('tenants', 'tenant_changed'), ('users', 'tenant_login_changed')) w (relation, base)
 CROSS JOIN unnest('{insert,update,delete,truncate}'::text[]) event
 CROSS JOIN LATERAL (SELECT base || '_' || event) n (name)
 WHERE NOT EXISTS (SELECT FROM pg_trigger g
                    WHERE g.tgrelid = to_regclass('public.' || relation) AND g.tgname = name
                      AND g.tgenabled IN ('O', 'A'))
 UNION ALL
SELECT format('%s.%s', relation, name), 'is missing or disabled: caches do not hear of changes that come by logical replication'
  FROM (VALUES ('tenants', 'tenant_changed_replicated'), ('users', 'tenant_login_changed_replicated')) w (relation, name)
 WHERE NOT EXISTS (SELECT FROM pg_trigger g
                    WHERE g.tgrelid = to_regclass('public.' || relation) AND g.tgname = name
                      AND g.tgenabled IN ('R', 'A'))
 UNION ALL
SELECT format('%s.%s', relation, name), 'is not ENABLE ALWAYS: caches do not hear of a TRUNCATE that comes by logical replication'
  FROM (VALUES ('tenants', 'tenant_changed_truncate'), ('users', 'tenant_login_changed_truncate')) w (relation, name)
  JOIN pg_trigger g ON g.tgrelid = to_regclass('public.' || relation) AND g.tgname = name
 WHERE g.tgenabled = 'O'
 UNION ALL
SELECT 'tenants.tenant_token_grace', 'is missing or disabled: a Twilio auth token that is replaced ends at once'
 WHERE NOT EXISTS (SELECT FROM pg_trigger g
                    WHERE g.tgrelid = to_regclass('public.tenants') AND g.tgname = 'tenant_token_grace'
                      AND g.tgenabled IN ('O', 'A'))
 UNION ALL
SELECT format('%s.%s', w.relation, w.name), 'is missing or disabled: ' || w.what
  FROM (SELECT relation, name, 'the audit does not hear of changes' AS what
          FROM unnest('{tenants,users,settings,calls,messages,recordings,products}'::text[]) relation,
               unnest('{audit_change,audit_truncate}'::text[]) name
         UNION ALL
        SELECT * FROM (VALUES
                ('users', 'audit_update', 'the audit does not hear of changes'),
                ('users', 'audit_rehash', 'the audit does not hear of changes'),
                ('audit', 'audit_refuse', 'lines of the audit can be changed'),
                ('audit', 'audit_purged', 'the audit does not say what is taken out of it'),
                ('audit', 'audit_truncated', 'the audit does not say what is taken out of it')) v) w
 WHERE to_regclass('public.' || w.relation) IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_trigger g
                    WHERE g.tgrelid = to_regclass('public.' || w.relation) AND g.tgname = w.name
                      AND g.tgenabled IN ('O', 'A'))
 UNION ALL
SELECT format('%s.usage_removed', relation), 'is missing or disabled: what is removed goes off the bill'
  FROM unnest('{calls,messages,recordings}'::text[]) relation
 WHERE to_regclass('public.' || relation) IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_trigger g
                    WHERE g.tgrelid = to_regclass('public.' || relation) AND g.tgname = 'usage_removed'
                      AND g.tgenabled IN ('O', 'A'))
 UNION ALL
-- ENABLE ALWAYS would draw another version where a row is copied by logical replication.
SELECT format('%s.tenant_row_version', r.relation), 'is missing, disabled or ENABLE ALWAYS: a changed row may keep its ETag'
  FROM (SELECT DISTINCT relation FROM fields) r
 WHERE to_regclass('public.' || quote_ident(r.relation)) IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_trigger g
                    WHERE g.tgrelid = to_regclass('public.' || quote_ident(r.relation)) AND g.tgname = 'tenant_row_version'
                      AND g.tgenabled = 'O')
 UNION ALL
SELECT format('%s.row_version', r.relation), 'has no random default: new rows share an ETag'
  FROM (SELECT DISTINCT relation FROM fields) r
 WHERE to_regclass('public.' || quote_ident(r.relation)) IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_attribute a
                     JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                    WHERE a.attrelid = to_regclass('public.' || quote_ident(r.relation)) AND a.attname = 'row_version'
                      AND pg_get_expr(d.adbin, d.adrelid) LIKE '%gen_random_uuid()%')

-- check grants
-- What a role may not do. What it has on a whole table it has on each column.
SELECT format('%s.%s', t.relname, a.attname), format('%s must not have %s on it', r.rolname, w.privilege)
  FROM tables t
 CROSS JOIN LATERAL (VALUES
         ('tenants', 'tenant_api', 'SELECT', ARRAY['api_key_hash', 'retiring_api_key_hash', 'twilio_auth_token_previous']),
         ('tenants', 'tenant_api', 'UPDATE', ARRAY['status', 'custom_domain', 'rate_limit', 'api_key_hash', 'retiring_api_key_hash',
                                                   'retiring_api_key_expires_at', 'twilio_auth_token_previous']),
         ('users', 'tenant_api', 'SELECT', ARRAY['password_hash']),
         ('users', 'tenant_admin', 'SELECT', ARRAY['password_hash']),
         ('usage', 'tenant_api', 'INSERT', ARRAY['requests']),
         ('usage', 'tenant_api', 'UPDATE', ARRAY['requests', 'rows_written', 'bytes_out', 'calls', 'call_seconds', 'messages', 'recordings',
                                                 'recording_seconds']),
         (t.relname, 'tenant_api', 'INSERT', ARRAY['row_version']),
         (t.relname, 'tenant_api', 'UPDATE', ARRAY['id', 'tenant_id', 'row_version'])) w (relation, role, privilege, columns)
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = ANY (w.columns) AND NOT a.attisdropped
  JOIN roles r ON r.rolname = w.role AND has_column_privilege(r.oid, t.oid, a.attnum, w.privilege)
 WHERE w.relation = t.relname
 UNION ALL
SELECT t.relname, format('tenant_api must not have %s on it', privilege)
  FROM tables t
 CROSS JOIN unnest('{INSERT,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) privilege
  JOIN roles r ON r.rolname = 'tenant_api' AND has_table_privilege(r.oid, t.oid, privilege)
 WHERE t.relname IN ('tenants', 'usage') OR privilege NOT IN ('INSERT', 'DELETE')
 UNION ALL
SELECT t.relname, format('%s must not have %s on it', r.rolname, privilege)
  FROM tables t
 CROSS JOIN roles r
 CROSS JOIN unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) privilege
 WHERE t.relname = 'audit'
   AND CASE WHEN privilege IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(r.oid, t.oid, privilege)
            ELSE has_table_privilege(r.oid, t.oid, privilege) AND NOT (privilege = 'TRUNCATE' AND r.rolname = 'tenant_api') END
 UNION ALL
SELECT t.relname, format('everyone has %s on it', string_agg(DISTINCT g.privilege_type, ', '))
  FROM tables t
 CROSS JOIN LATERAL (
         SELECT * FROM aclexplode(t.relacl)
          UNION ALL
         SELECT x.* FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = t.oid) g
 WHERE g.grantee = 0
 GROUP BY t.relname

-- check grants
-- What a role has to be able to do. Both roles read every table.
SELECT t.relname, format('%s lacks %s on it', r.rolname, w.privilege)
  FROM tables t
  JOIN (SELECT role, privilege, relation FROM operations
         UNION SELECT 'tenant_api', 'INSERT', 'idempotency_keys'
         UNION SELECT 'tenant_admin', privilege, relation
                 FROM unnest('{INSERT,UPDATE}'::text[]) privilege, unnest('{calls,messages,recordings}'::text[]) relation
         UNION SELECT role, 'SELECT', relname FROM tables, unnest('{tenant_api,tenant_admin}'::text[]) role) w (role, privilege, relation)
    ON w.relation = t.relname
  JOIN roles r ON r.rolname = w.role
 WHERE NOT CASE w.privilege WHEN 'DELETE' THEN has_table_privilege(r.oid, t.oid, w.privilege)
                            ELSE has_any_column_privilege(r.oid, t.oid, w.privilege) END
 UNION ALL
SELECT s.relname, format('%s lacks USAGE on it', r.rolname)
  FROM tables t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'id'
  JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
  JOIN roles r ON has_any_column_privilege(r.oid, t.oid, 'INSERT') AND NOT has_sequence_privilege(r.oid, s.oid, 'USAGE')
 UNION ALL
SELECT c.oid::regclass::text, format('%s cannot read which changes are deployed', r.rolname)
  FROM pg_class c
  JOIN roles r ON NOT (has_schema_privilege(r.oid, c.relnamespace, 'USAGE') AND has_table_privilege(r.oid, c.oid, 'SELECT'))
 WHERE c.oid = to_regclass('sqitch.changes')

-- check constraints
SELECT t.relname, 'has no validated foreign key to tenants that removes its rows with their tenant'
  FROM tables t
 WHERE t.relname NOT IN ('tenants', 'audit') -- which outlives its tenant
   AND NOT EXISTS (SELECT FROM pg_constraint f
                     JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1] AND a.attname = t.key
                    WHERE f.conrelid = t.oid AND f.contype = 'f' AND f.confrelid = to_regclass('public.tenants')
                      AND f.confdeltype = 'c' AND f.convalidated)
 UNION ALL
SELECT format('%s.%s', t.relname, a.attname), 'may be NULL'
  FROM tables t
  JOIN pg_attribute a ON a.attrelid = t.oid
 WHERE NOT a.attnotnull
   AND (a.attname = t.key AND t.relname <> 'audit'
        OR a.attname = 'created_at' AND EXISTS (SELECT FROM fields f
                                                 WHERE f.relation = t.relname AND f.name = a.attname AND NOT f.may_be_null))
 UNION ALL
SELECT format('%s.%s', t.relname, w.name), 'is missing or not validated'
  FROM tables t
  JOIN (VALUES
         ('tenants', 'tenants_status_check'),
         ('tenants', 'tenants_id_check'),
         ('tenants', 'tenants_rate_limit_check'),
         ('calls', 'calls_created_at_check'),
         ('messages', 'messages_created_at_check'),
         ('recordings', 'recordings_created_at_check'),
         ('users', 'users_created_at_check'),
         ('users', 'users_updated_at_check'),
         ('calls', 'calls_created_at_range_check'),
         ('messages', 'messages_created_at_range_check'),
         ('recordings', 'recordings_created_at_range_check'),
         ('users', 'users_created_at_range_check'),
         ('users', 'users_updated_at_range_check'),
         ('audit', 'audit_created_at_check')) w (relation, name) ON w.relation = t.relname
 WHERE NOT EXISTS (SELECT FROM pg_constraint c
                    WHERE c.conrelid = t.oid AND c.conname = w.name AND c.contype = 'c' AND c.convalidated)
 UNION ALL
-- those of later resources have no names of their own
SELECT format('%s.%s', t.relname, a.attname), 'has no validated check of its range'
  FROM tables t
  JOIN fields f ON f.relation = t.relname AND f.name = 'created_at'
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = f.name
 WHERE t.relname NOT IN ('calls', 'messages', 'recordings', 'users', 'audit')
   AND NOT EXISTS (SELECT FROM pg_constraint c
                    WHERE c.conrelid = t.oid AND c.conkey = ARRAY[a.attnum] AND c.contype = 'c' AND c.convalidated)

-- check indexes
-- By the name of these the module tells what is taken.
SELECT c.name, 'is missing, or not unique'
  FROM tables t
  JOIN conflicts c ON c.relation = t.relname
 WHERE NOT EXISTS (SELECT FROM indexes i WHERE i.indrelid = t.oid AND i.name = c.name AND i.indisunique)
 UNION ALL
SELECT w.name, format('is missing%s', CASE WHEN w.is_unique THEN ', or not unique' END)
  FROM tables t
  JOIN (VALUES
         ('tenants', 'tenants_api_key_hash_key', true),
         ('tenants', 'tenants_retiring_api_key_hash_key', true),
         ('tenants', 'tenants_name_idx', false),
         ('tenants', 'tenants_status_idx', false),
         ('tenants', 'tenants_custom_domain_idx', false),
         ('tenants', 'tenants_twilio_account_sid_idx', false),
         ('calls', 'calls_tenant_id_key', true),
         ('calls', 'calls_tenant_created_at_idx', false),
         ('calls', 'calls_tenant_from_number_idx', false),
         ('calls', 'calls_tenant_from_number_created_at_idx', false),
         ('calls', 'calls_tenant_to_number_idx', false),
         ('calls', 'calls_tenant_to_number_created_at_idx', false),
         ('calls', 'calls_tenant_status_idx', false),
         ('calls', 'calls_tenant_status_created_at_idx', false),
         ('calls', 'calls_tenant_direction_idx', false),
         ('calls', 'calls_tenant_direction_created_at_idx', false),
         ('calls', 'calls_tenant_parent_call_sid_idx', false),
         ('calls', 'calls_tenant_parent_call_sid_created_at_idx', false),
         ('messages', 'messages_tenant_id_key', true),
         ('messages', 'messages_tenant_created_at_idx', false),
         ('messages', 'messages_tenant_from_number_idx', false),
         ('messages', 'messages_tenant_from_number_created_at_idx', false),
         ('messages', 'messages_tenant_to_number_idx', false),
         ('messages', 'messages_tenant_to_number_created_at_idx', false),
         ('messages', 'messages_tenant_status_idx', false),
         ('messages', 'messages_tenant_status_created_at_idx', false),
         ('messages', 'messages_tenant_direction_idx', false),
         ('messages', 'messages_tenant_direction_created_at_idx', false),
         ('messages', 'messages_tenant_error_code_idx', false),
         ('messages', 'messages_tenant_error_code_created_at_idx', false),
         ('recordings', 'recordings_tenant_id_key', true),
         ('recordings', 'recordings_tenant_created_at_idx', false),
         ('recordings', 'recordings_tenant_call_sid_idx', false),
         ('recordings', 'recordings_tenant_call_sid_created_at_idx', false),
         ('recordings', 'recordings_tenant_duration_idx', false),
         ('recordings', 'recordings_tenant_duration_created_at_idx', false),
         ('recordings', 'recordings_tenant_status_idx', false),
         ('recordings', 'recordings_tenant_status_created_at_idx', false),
         ('settings', 'settings_tenant_id_key', true),
         ('products', 'products_tenant_id_key', true),
         ('products', 'products_tenant_name_idx', false),
         ('users', 'users_tenant_id_key', true),
         ('users', 'users_tenant_created_at_idx', false),
         ('users', 'users_tenant_updated_at_idx', false),
         ('users', 'users_tenant_updated_at_created_at_idx', false),
         ('audit', 'audit_tenant_id_key', true),
         ('audit', 'audit_tenant_created_at_idx', false),
         ('audit', 'audit_tenant_action_idx', false),
         ('audit', 'audit_tenant_action_created_at_idx', false),
         ('audit', 'audit_tenant_kind_idx', false),
         ('audit', 'audit_tenant_kind_created_at_idx', false),
         ('audit', 'audit_tenant_row_id_idx', false),
         ('audit', 'audit_tenant_row_id_created_at_idx', false),
         ('audit', 'audit_tenant_actor_idx', false),
         ('audit', 'audit_tenant_actor_created_at_idx', false),
         ('audit', 'audit_created_at_idx', false),
         ('audit', 'audit_action_idx', false),
         ('audit', 'audit_action_created_at_idx', false),
         ('audit', 'audit_kind_idx', false),
         ('audit', 'audit_kind_created_at_idx', false),
         ('usage', 'usage_tenant_id_id_idx', true),
         ('usage', 'usage_tenant_id_day_key', true),
         ('usage', 'usage_tenant_id_day_id_idx', false),
         ('usage', 'usage_day_id_idx', false),
         ('idempotency_keys', 'idempotency_keys_pkey', true),
         ('idempotency_keys', 'idempotency_keys_kept_at_idx', false)) w (relation, name, is_unique) ON w.relation = t.relname
 WHERE NOT EXISTS (SELECT FROM indexes i
                    WHERE i.indrelid = t.oid AND i.name = w.name AND i.indisunique >= w.is_unique)
 UNION ALL
-- those of later resources have no names of their own; of a text id's list the index begins with an expression
SELECT format('%s.%s', t.relname, f.name), 'has no index that serves its filter'
  FROM tables t
  JOIN fields f ON f.relation = t.relname AND f.is_filter
  JOIN pg_attribute k ON k.attrelid = t.oid AND k.attname = 'id'
 WHERE t.relname NOT IN ('tenants', 'calls', 'messages', 'recordings', 'products', 'users', 'audit')
   AND NOT (f.name = 'created_at' AND k.atttypid = 'text'::regtype)
   AND NOT EXISTS (SELECT FROM indexes i
                    WHERE i.indrelid = t.oid AND (i.columns[1:2] = ARRAY['tenant_id', f.name] OR i.indisunique AND i.columns[1] = f.name))
 UNION ALL
SELECT name, 'is not valid: an interrupted build has left it' FROM indexes WHERE NOT is_valid
 UNION ALL
SELECT t.relname, 'has no unique index on id, on which foreign keys and lookups of a tenant rest'
  FROM tables t
 WHERE t.relname = 'tenants'
   AND NOT EXISTS (SELECT FROM indexes i
                    WHERE i.indrelid = t.oid AND i.indisunique AND i.is_valid AND i.columns = '{id}')
 UNION ALL
SELECT t.relname, 'has no unique index that starts with tenant_id'
  FROM tables t
 WHERE t.relname <> 'tenants'
   AND NOT EXISTS (SELECT FROM indexes i
                    WHERE i.indrelid = t.oid AND i.indisunique AND i.is_valid AND i.columns[1] = 'tenant_id')
 UNION ALL
SELECT t.relname, 'lacks n_distinct on tenant_id: lists may walk over the rows of others'
  FROM tables t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'tenant_id'
 WHERE t.relname <> 'tenants'
   AND NOT EXISTS (SELECT FROM unnest(a.attoptions) o WHERE starts_with(o, 'n_distinct='))
   AND NOT EXISTS (SELECT FROM indexes i WHERE i.indrelid = t.oid AND i.indisunique AND i.columns = '{tenant_id}')

-- check partitions
-- Of a table that sql/partition.sql has divided. Roles reach partitions by it alone: its policies hold for them then.
, leaves AS (
  SELECT c.oid, c.oid::regclass::text AS name, t.oid AS parent, c.relnamespace, c.relrowsecurity AND c.relforcerowsecurity AS is_closed,
         substring(pg_get_expr(c.relpartbound, c.oid) FROM '(?i)modulus (\d+)')::numeric AS modulus
    FROM tables t
    JOIN pg_inherits i ON i.inhparent = t.oid
    JOIN pg_class c ON c.oid = i.inhrelid),
strangers AS (
  SELECT oid, rolname FROM pg_roles WHERE rolname IN ('tenant_api', 'tenant_admin', 'tenant_lookup'))
SELECT l.name, format('%s has a right to it: revoke all', s.rolname)
  FROM leaves l
  JOIN strangers s ON has_any_column_privilege(s.oid, l.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                   OR has_table_privilege(s.oid, l.oid, 'DELETE, TRUNCATE, TRIGGER')
 UNION ALL
SELECT DISTINCT n.nspname::text, format('%s has a right to the schema: revoke all', s.rolname)
  FROM leaves l
  JOIN pg_namespace n ON n.oid = l.relnamespace AND n.nspname <> 'public'
  JOIN strangers s ON has_schema_privilege(s.oid, n.oid, 'USAGE, CREATE')
 UNION ALL
SELECT name, 'row-level security is not enabled and forced' FROM leaves WHERE NOT is_closed
 UNION ALL
SELECT l.name, 'a policy shows rows to others than tenant_owner'
  FROM leaves l
 WHERE EXISTS (SELECT FROM policies p WHERE p.polrelid = l.oid AND NOT p.polroles <@ ARRAY[to_regrole('tenant_owner')::oid])
 UNION ALL
SELECT t.relname::text, 'is not divided by hash of tenant_id alone, or not all of its partitions are there: writes of some tenants fail'
  FROM tables t
 WHERE t.relkind = 'p'
   AND NOT (EXISTS (SELECT FROM pg_partitioned_table p
                      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.partattrs[0] AND a.attname = 'tenant_id'
                     WHERE p.partrelid = t.oid AND p.partstrat = 'h' AND p.partnatts = 1)
            AND (SELECT round(sum(1 / l.modulus), 6) = 1 FROM leaves l WHERE l.parent = t.oid) IS TRUE)
 UNION ALL
SELECT format('%s.%s', l.name, g.tgname), 'is missing or otherwise enabled than that of the table'
  FROM leaves l
  JOIN pg_trigger g ON g.tgrelid = l.parent AND g.tgparentid = 0 AND NOT g.tgisinternal AND g.tgtype & 1 = 1
 WHERE NOT EXISTS (SELECT FROM pg_trigger o WHERE o.tgrelid = l.oid AND o.tgparentid = g.oid AND o.tgenabled = g.tgenabled)
 UNION ALL
-- by its name the module tells what is taken
SELECT x.inhrelid::regclass::text, format('must be named %s', p.relname)
  FROM leaves l
  JOIN pg_index i ON i.indrelid = l.oid AND i.indisunique
  JOIN pg_inherits x ON x.inhrelid = i.indexrelid
  JOIN pg_class p ON p.oid = x.inhparent
  JOIN pg_class c ON c.oid = x.inhrelid AND c.relname <> p.relname
 UNION ALL
SELECT l.name, 'lacks n_distinct on tenant_id: lists may walk over the rows of others'
  FROM leaves l
  JOIN pg_attribute a ON a.attrelid = l.oid AND a.attname = 'tenant_id'
 WHERE NOT EXISTS (SELECT FROM unnest(a.attoptions) o WHERE starts_with(o, 'n_distinct='))
 UNION ALL
SELECT c.oid::regclass::text, 'is no partition: its rows are served to nobody'
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname ~ '^tenant_partition_[0-9]+$'
 WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
 UNION ALL
SELECT nspname::text, 'partition.sql is at work, or was interrupted: then run it again' FROM pg_namespace WHERE nspname = 'tenant_partitioning'
