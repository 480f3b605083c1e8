-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:precheck to pg
--
-- Changes nothing. Looks at the database as it stands, and where the changes after this one could not succeed refuses
-- with every reason of a kind and the rows behind it.

-- Who migrates, and which tables.
DO $$
DECLARE
  complaints text[] := '{}';
BEGIN
  IF current_user <> 'tenant_owner' THEN
    complaints := complaints || format('deploy as tenant_owner, not as %I', current_user);
  END IF;
  IF getdatabaseencoding() <> 'UTF8' THEN
    complaints := complaints || format('database %I is encoded in %s, not in UTF8: restore a dump of it into one that '
                                       '`createdb --encoding=UTF8 --template=template0` makes',
                                       current_database(), getdatabaseencoding());
  ELSIF to_regcollation('pg_catalog."und-x-icu"') IS NULL THEN
    complaints := complaints || 'there is no collation "und-x-icu": this PostgreSQL has been built without ICU'::text;
  END IF;
  complaints := complaints || ARRAY(
    SELECT format('role %I is missing: run bootstrap.sql', role)
      FROM unnest('{tenant_owner,tenant_api,tenant_admin,tenant_lookup}'::text[]) role
     WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role));
  complaints := complaints || ARRAY(
    SELECT CASE WHEN relkind <> 'r' THEN format('%I is not an ordinary table', relname)
                ELSE format('%I belongs to %s: run bootstrap.sql again', relname, relowner::regrole) END
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace
       AND relname IN ('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users')
       AND (relkind <> 'r' OR NOT pg_has_role(relowner, 'USAGE')));
  complaints := complaints || ARRAY(
    SELECT format('%I is there already, and mod_tenant makes a table of that name: rename it', relname)
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relname IN ('audit', 'idempotency_keys', 'nodes', 'usage'));
  IF complaints <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = 'mod_tenant cannot be deployed here', DETAIL = array_to_string(complaints, E'\n');
  END IF;
END
$$;

-- Columns. tenants, products and users gain those that they lack; the other tables stay as they are, or do not exist.
DO $$
DECLARE
  complaints text[];
BEGIN
  complaints := ARRAY(
    WITH wanted (relation, name, types, needed) AS (VALUES
      ('tenants', 'id', '{integer,smallint,bigint,numeric,text,character varying}'::text[], true),
      ('tenants', 'name', '{character varying,text}', false),
      ('tenants', 'status', '{character varying,text}', false),
      ('tenants', 'api_key_hash', '{text,character varying}', false),
      ('tenants', 'custom_domain', '{text,character varying}', false),
      ('tenants', 'twilio_account_sid', '{text,character varying}', false),
      ('tenants', 'twilio_auth_token', '{text,character varying}', false),
      ('tenants', 'twilio_api_key_sid', '{text,character varying}', false),
      ('tenants', 'twilio_api_key_secret', '{text,character varying}', false),
      ('tenants', 'twilio_phone_number', '{character varying,text}', false),
      ('tenants', 'retiring_api_key_hash', '{text}', false),
      ('tenants', 'retiring_api_key_expires_at', '{timestamp with time zone}', false),
      ('calls', 'id', '{integer}', true),
      ('calls', 'sid', '{character varying}', true),
      ('calls', 'tenant_id', '{integer}', true),
      ('calls', 'from_number', '{character varying}', true),
      ('calls', 'to_number', '{character varying}', true),
      ('calls', 'status', '{character varying}', true),
      ('calls', 'created_at', '{timestamp with time zone}', true),
      ('messages', 'id', '{integer}', true),
      ('messages', 'sid', '{character varying}', true),
      ('messages', 'tenant_id', '{integer}', true),
      ('messages', 'from_number', '{character varying}', true),
      ('messages', 'to_number', '{character varying}', true),
      ('messages', 'status', '{character varying}', true),
      ('messages', 'created_at', '{timestamp with time zone}', true),
      ('messages', 'body', '{text}', true),
      ('recordings', 'id', '{integer}', true),
      ('recordings', 'sid', '{character varying}', true),
      ('recordings', 'tenant_id', '{integer}', true),
      ('recordings', 'call_sid', '{character varying}', true),
      ('recordings', 'url', '{text}', true),
      ('recordings', 'duration', '{integer}', true),
      ('recordings', 'created_at', '{timestamp with time zone}', true),
      ('settings', 'id', '{integer}', true),
      ('settings', 'tenant_id', '{integer}', true),
      ('settings', 'auto_record_calls', '{boolean}', true),
      ('products', 'id', '{integer,bigint}', true),
      ('products', 'name', '{character varying,text}', false),
      ('products', 'description', '{text,character varying}', false),
      ('products', 'tenant_id', '{integer}', false),
      ('users', 'id', '{text,character varying,uuid}', true),
      ('users', 'email', '{text,character varying,citext}', false),
      ('users', 'password_hash', '{text,character varying}', false),
      ('users', 'created_at', '{timestamp with time zone,timestamp without time zone}', false),
      ('users', 'updated_at', '{timestamp with time zone,timestamp without time zone}', false),
      ('users', 'tenant_id', '{integer}', false))
    SELECT CASE
             WHEN a.attname IS NULL
               THEN format('%I.%I is missing', w.relation, w.name)
             WHEN t.name <> ALL (w.types)
               THEN format('%I.%I is of type %s, not %s', w.relation, w.name, format_type(a.atttypid, NULL),
                           array_to_string(w.types, ' or '))
             ELSE format('%I.tenant_id may be null', w.relation)
           END
      FROM wanted w
      JOIN pg_class c ON c.oid = to_regclass('public.' || w.relation)
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped
      -- citext may be in a schema of its own
     CROSS JOIN LATERAL regexp_replace(format_type(a.atttypid, NULL), '^\w+\.citext$', 'citext') t (name)
     WHERE a.attname IS NULL AND w.needed
        OR t.name <> ALL (w.types)
        OR a.attname = 'tenant_id' AND NOT a.attnotnull);
  IF complaints <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = 'mod_tenant cannot be deployed here', DETAIL = array_to_string(complaints, E'\n');
  END IF;
END
$$;

-- Times without a zone become instants: `--set legacy_timezone=ZONE` says in which zone they are local. A time that clocks
-- there have skipped says that it is another one.
\if :{?legacy_timezone}
\else
  \set legacy_timezone ''
\endif
SELECT set_config('tenant_migration.legacy_timezone', :'legacy_timezone', false) \g /dev/null

DO $$
DECLARE
  zone text := current_setting('tenant_migration.legacy_timezone');
  columns name[] := ARRAY(
    SELECT attname FROM pg_attribute
     WHERE attrelid = to_regclass('public.users') AND attname IN ('created_at', 'updated_at')
       AND atttypid = 'timestamp without time zone'::regtype AND NOT attisdropped ORDER BY attname);
  complaints text[] := '{}';
  skipped text[];
  name name;
BEGIN
  IF zone <> '' AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = zone) THEN
    complaints := ARRAY[format('legacy_timezone %L is none of the names in pg_timezone_names', zone)];
  ELSIF zone = '' AND columns <> '{}' THEN
    complaints := ARRAY[format('users.%s: times without a zone. Say where they are local with --set legacy_timezone=ZONE, '
                               'such as UTC or Europe/Berlin', array_to_string(columns, ', users.'))];
  ELSE
    FOREACH name IN ARRAY columns LOOP
      EXECUTE format($q$
        SELECT array_agg(format('users %%s: %1$s %%s does not exist in %%s, where clocks were put forward', id, %1$I, $1))
          FROM (SELECT id, %1$I FROM users
                 WHERE (%1$I AT TIME ZONE $1) AT TIME ZONE $1 <> %1$I LIMIT 10) s $q$, name)
         INTO skipped USING zone;
      complaints := complaints || skipped;
    END LOOP;
  END IF;
  IF complaints <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = 'mod_tenant cannot be deployed here', DETAIL = array_to_string(complaints, E'\n');
  END IF;
END
$$;

-- Keys that a large table cannot be given while others write to it, and references that would break.
DO $$
DECLARE
  complaints text[];
BEGIN
  complaints := ARRAY(
    SELECT CASE w.name
             WHEN 'id' THEN format('%I.id is not the primary key', w.relation)
             ELSE format('%I lacks a constraint %I: UNIQUE (%I)', w.relation, w.relation || '_' || w.name || '_key', w.name)
           END
      FROM (VALUES ('calls', 'id'), ('messages', 'id'), ('recordings', 'id'), ('settings', 'id'), ('products', 'id'),
                   ('users', 'id'), ('calls', 'sid'), ('messages', 'sid'), ('recordings', 'sid'),
                   ('settings', 'tenant_id')) w (relation, name)
      JOIN pg_class c ON c.oid = to_regclass('public.' || w.relation)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.name
     WHERE NOT EXISTS (
       SELECT FROM pg_constraint k
        WHERE k.conrelid = c.oid
          AND k.conkey = ARRAY[a.attnum]
          AND (k.contype = 'p' AND w.name = 'id'
               OR k.contype = 'u' AND k.conname = w.relation || '_' || w.name || '_key')));
  complaints := complaints || ARRAY(
    SELECT format('%s.id has neither a default nor an identity', attrelid::regclass)
      FROM pg_attribute
     WHERE attrelid IN (to_regclass('public.calls'), to_regclass('public.messages'), to_regclass('public.recordings'),
                        to_regclass('public.settings'), to_regclass('public.products'))
       AND attname = 'id' AND NOT atthasdef AND attidentity = '');
  complaints := complaints || ARRAY(
    SELECT format('%I of %s refers to tenants.id, which is not of type integer yet: convert both first', k.conname,
                  k.conrelid::regclass)
      FROM pg_constraint k
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attname = 'id' AND a.atttypid <> 'integer'::regtype
     WHERE k.contype = 'f' AND k.confrelid = to_regclass('public.tenants'));
  IF complaints <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = 'mod_tenant cannot be deployed here', DETAIL = array_to_string(complaints, E'\n');
  END IF;
END
$$;

-- Rows. A query gives one line for each offence. It is run where its table has the columns of `has` and not `lacks`.
DO $$
DECLARE
  complaints text[] := '{}';
  lines text[];
  test record;
BEGIN
  FOR test IN
    SELECT t.*
      FROM (VALUES
        ('tenants', '{id}'::name[], ''::name, $q$
          SELECT format('tenants.id %s is not an integer from 1 to 999999999', coalesce(quote_literal(id), 'NULL'))
            FROM tenants WHERE id IS NULL OR id::text !~ '^[1-9][0-9]{0,8}$' $q$),
        ('tenants', '{id}', '', $q$
          SELECT format('tenants.id %s occurs %s times', id, count(*)) FROM tenants GROUP BY id HAVING count(*) > 1 $q$),
        ('tenants', '{id,name}', '', $q$
          SELECT format('tenants %s: name is null', id) FROM tenants WHERE name IS NULL $q$),
        ('tenants', '{id,name}', '', $q$
          SELECT format('tenants %s: name has %s characters, at most 256 fit', id, length(name))
            FROM tenants WHERE length(name) > 256 $q$),
        ('tenants', '{id,status}', '', $q$
          SELECT format('tenants %s: status %s is neither active nor inactive', id, coalesce(quote_literal(status), 'NULL'))
            FROM tenants WHERE status IS NULL OR status NOT IN ('active', 'inactive') $q$),
        ('tenants', '{id,api_key_hash}', '', $q$
          SELECT format('tenants %s share one api_key_hash', string_agg(id::text, ', ' ORDER BY id))
            FROM tenants WHERE api_key_hash IS NOT NULL GROUP BY api_key_hash HAVING count(*) > 1 $q$),
        ('tenants', '{id,custom_domain}', '', $q$
          SELECT format('tenants %s share the custom_domain %L', string_agg(id::text, ', ' ORDER BY id),
                        lower(custom_domain COLLATE "C"))
            FROM tenants WHERE custom_domain IS NOT NULL GROUP BY lower(custom_domain COLLATE "C") HAVING count(*) > 1 $q$),
        ('tenants', '{id,custom_domain}', '', $q$
          SELECT format('tenants %s: custom_domain %L is not in lower case', id, custom_domain)
            FROM tenants WHERE custom_domain <> lower(custom_domain COLLATE "C") $q$),
        ('tenants', '{id,custom_domain}', '', $q$
          SELECT format('tenants %s: custom_domain has %s characters, at most 253 fit', id, length(custom_domain))
            FROM tenants WHERE length(custom_domain) > 253 $q$),
        ('tenants', '{id,twilio_phone_number}', '', $q$
          SELECT format('tenants %s: twilio_phone_number has %s characters, at most 20 fit', id,
                        length(twilio_phone_number))
            FROM tenants WHERE length(twilio_phone_number) > 20 $q$),
        ('calls', '{id}', '', $q$
          SELECT format('calls %s: from_number or to_number has more than 320 characters', id)
            FROM calls WHERE length(from_number) > 320 OR length(to_number) > 320 $q$),
        ('messages', '{id}', '', $q$
          SELECT format('messages %s: from_number or to_number has more than 320 characters', id)
            FROM messages WHERE length(from_number) > 320 OR length(to_number) > 320 $q$),
        ('calls', '{id}', '', $q$
          SELECT format('calls %s: created_at is infinite', id) FROM calls WHERE NOT isfinite(created_at) $q$),
        ('messages', '{id}', '', $q$
          SELECT format('messages %s: created_at is infinite', id) FROM messages WHERE NOT isfinite(created_at) $q$),
        ('recordings', '{id}', '', $q$
          SELECT format('recordings %s: created_at is infinite', id) FROM recordings WHERE NOT isfinite(created_at) $q$),
        ('users', '{id,created_at}', '', $q$
          SELECT format('users %s: created_at is infinite', id) FROM users WHERE NOT isfinite(created_at) $q$),
        ('users', '{id,updated_at}', '', $q$
          SELECT format('users %s: updated_at is infinite', id) FROM users WHERE NOT isfinite(updated_at) $q$),
        ('calls', '{id}', '', $q$
          SELECT format('calls %s: created_at is outside of the years 0 to 9999', id)
            FROM calls WHERE isfinite(created_at) AND (created_at < '0001-01-01 BC' OR created_at >= '10000-01-01') $q$),
        ('messages', '{id}', '', $q$
          SELECT format('messages %s: created_at is outside of the years 0 to 9999', id)
            FROM messages WHERE isfinite(created_at) AND (created_at < '0001-01-01 BC' OR created_at >= '10000-01-01') $q$),
        ('recordings', '{id}', '', $q$
          SELECT format('recordings %s: created_at is outside of the years 0 to 9999', id)
            FROM recordings WHERE isfinite(created_at) AND (created_at < '0001-01-01 BC' OR created_at >= '10000-01-01') $q$),
        ('users', '{id,created_at}', '', $q$
          SELECT format('users %s: created_at is outside of the years 0 to 9999', id)
            FROM users WHERE isfinite(created_at) AND (created_at < '0001-01-01 BC' OR created_at >= '10000-01-01') $q$),
        ('users', '{id,updated_at}', '', $q$
          SELECT format('users %s: updated_at is outside of the years 0 to 9999', id)
            FROM users WHERE isfinite(updated_at) AND (updated_at < '0001-01-01 BC' OR updated_at >= '10000-01-01') $q$),
        ('users', '{id}', '', $q$
          SELECT format('users %s…: id has %s characters, at most 256 fit', left(id::text, 40), length(id::text))
            FROM users WHERE length(id::text) > 256 $q$),
        ('users', '{id,email}', '', $q$
          SELECT format('users %s: email has %s characters, at most 254 fit', id, length(email))
            FROM users WHERE length(email) > 254 $q$),
        ('users', '{id,email}', 'tenant_id', $q$
          SELECT format('users %s share the email %L', string_agg(id::text, ', ' ORDER BY id), lower(email COLLATE "und-x-icu"))
            FROM users WHERE email IS NOT NULL GROUP BY lower(email COLLATE "und-x-icu") HAVING count(*) > 1 $q$),
        ('users', '{id,email,tenant_id}', '', $q$
          SELECT format('users %s of tenant %s share the email %L', string_agg(id::text, ', ' ORDER BY id), tenant_id,
                        lower(email COLLATE "und-x-icu"))
            FROM users WHERE email IS NOT NULL GROUP BY tenant_id, lower(email COLLATE "und-x-icu") HAVING count(*) > 1 $q$),
        ('products', '{id}', '', $q$
          SELECT format('products.id %s is beyond 9007199254740991', id) FROM products
           WHERE id > 9007199254740991 $q$),
        ('products', '{id,name}', '', $q$
          SELECT format('products %s: name has %s characters, at most 256 fit', id, length(name))
            FROM products WHERE length(name) > 256 $q$)
      ) AS t (relation, has, lacks, query)
     CROSS JOIN LATERAL (
       SELECT array_agg(attname) AS names FROM pg_attribute
        WHERE attrelid = to_regclass('public.' || t.relation) AND attnum > 0 AND NOT attisdropped) a
     WHERE a.names @> t.has AND NOT a.names @> ARRAY[t.lacks]
  LOOP
    EXECUTE format('SELECT array_agg(line) FROM (SELECT line FROM (%s) AS q (line) LIMIT 11) l', test.query)
      INTO lines;
    complaints := complaints || lines[1:10];
    IF cardinality(lines) > 10 THEN
      complaints := complaints || '… and others for the same reason'::text;
    END IF;
  END LOOP;
  IF complaints <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = 'mod_tenant cannot be deployed here', DETAIL = array_to_string(complaints, E'\n');
  END IF;
END
$$;

-- The tenant that gets the rows that there are: the only one, or the one that `--set legacy_id=ID` names, or a new one.
\if :{?legacy_id}
\else
  \set legacy_id ''
\endif
SELECT set_config('tenant_migration.legacy_id', :'legacy_id', false) \g /dev/null

DO $$
DECLARE
  legacy_id text := current_setting('tenant_migration.legacy_id');
  tenants text[] := '{}';
  complaint text;
BEGIN
  IF to_regclass('public.tenants') IS NOT NULL THEN
    EXECUTE 'SELECT coalesce(array_agg(id), ''{}'') FROM (SELECT id::text FROM tenants ORDER BY tenants.id LIMIT 100) t'
       INTO tenants;
  END IF;
  complaint := CASE
    WHEN legacy_id <> '' AND legacy_id !~ '^[1-9][0-9]{0,8}$' THEN
      format('legacy_id %L is not an integer from 1 to 999999999', legacy_id)
    WHEN legacy_id <> '' AND tenants <> '{}' AND legacy_id <> ALL (tenants) THEN
      format('legacy_id %s is none of the tenants %s', legacy_id, array_to_string(tenants, ', '))
    WHEN legacy_id = '' AND cardinality(tenants) > 1 AND EXISTS (
           SELECT FROM pg_class c
            WHERE c.oid IN (to_regclass('public.products'), to_regclass('public.users'))
              AND NOT EXISTS (SELECT FROM pg_attribute a
                               WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)) THEN
      format('products and users could belong to any of the tenants %s: say to which with --set legacy_id=ID',
             array_to_string(tenants, ', '))
  END;
  IF complaint IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = 'mod_tenant cannot be deployed here', DETAIL = complaint;
  END IF;
END
$$;
