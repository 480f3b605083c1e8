-- SPDX-License-Identifier: Apache-2.0
-- The schema as the changes of sqitch.plan leave it, for reading. "make schema" makes it; never run it.

CREATE SCHEMA tenant_migration;

ALTER SCHEMA tenant_migration OWNER TO tenant_owner;

CREATE FUNCTION public.audit_action(kind text, former jsonb, present jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  is_key text := '^[1-9][0-9]{0,9}:[0-9a-f]{64}$';
  had boolean := former ->> 'api_key_hash' ~ is_key;
  has boolean := present ->> 'api_key_hash' ~ is_key;
BEGIN
  IF kind = 'users' THEN
    RETURN CASE WHEN former -> 'password_hash' <> present -> 'password_hash' THEN 'change_password' END;
  ELSIF kind <> 'tenants' THEN
    RETURN NULL;
  ELSIF former -> 'api_key_hash' <> present -> 'api_key_hash' THEN
    RETURN CASE WHEN had AND has THEN 'rotate_key' WHEN has THEN 'make_key' WHEN had THEN 'revoke_key' END;
  END IF;
  RETURN CASE WHEN former ->> 'retiring_api_key_hash' IS NOT NULL
               AND former -> 'retiring_api_key_hash' <> present -> 'retiring_api_key_hash' THEN 'revoke_key' END;
END
$_$;

ALTER FUNCTION public.audit_action(kind text, former jsonb, present jsonb) OWNER TO tenant_owner;

CREATE FUNCTION public.audit_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  former jsonb;
  present jsonb;
  tenant text;
  changes jsonb;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO public.audit (action, kind, changes) VALUES ('truncate', TG_TABLE_NAME, '{}');
    RETURN NULL;
  END IF;
  -- OLD and NEW are NULL where there is none.
  former := to_jsonb(OLD);
  present := to_jsonb(NEW);
  tenant := coalesce(former, present) ->> CASE TG_TABLE_NAME WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END;
  IF TG_OP = 'DELETE'
     AND (public.audit_is_erasure(tenant)
          -- it goes with its tenant, whose own line tells of that
          OR TG_TABLE_NAME <> 'tenants' AND
             NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = tenant::integer)) THEN
    RETURN NULL;
  END IF;
  changes := public.audit_changes(former, present, TG_ARGV[0]::text[]);
  IF TG_OP = 'UPDATE' AND changes IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.audit (tenant_id, action, kind, row_id, changes)
  VALUES (tenant::integer,
          CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'DELETE' THEN 'delete'
                     ELSE coalesce(TG_ARGV[1], public.audit_action(TG_TABLE_NAME, former, present), 'update') END,
          TG_TABLE_NAME, coalesce(former, present) ->> 'id', public.audit_shortened(coalesce(changes, '{}')));
  RETURN NULL;
END
$$;

ALTER FUNCTION public.audit_change() OWNER TO tenant_lookup;

CREATE FUNCTION public.audit_changes(former jsonb, present jsonb, shown text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT jsonb_object_agg(regexp_replace(key.key, '_hash$'::text, ''::text), CASE WHEN (key.key <> ALL (audit_changes.shown)) THEN '"changed"'::jsonb WHEN (audit_changes.former IS NULL) THEN jsonb_build_object('new', (audit_changes.present -> key.key)) WHEN (audit_changes.present IS NULL) THEN jsonb_build_object('old', (audit_changes.former -> key.key)) ELSE jsonb_build_object('old', (audit_changes.former -> key.key), 'new', (audit_changes.present -> key.key)) END) AS jsonb_object_agg FROM jsonb_object_keys(COALESCE(audit_changes.present, audit_changes.former)) key(key) WHERE ((key.key <> ALL (ARRAY['updated_at'::text, 'row_version'::text])) AND CASE WHEN (audit_changes.former IS NULL) THEN (((audit_changes.present ->> key.key) IS NOT NULL) AND (key.key <> ALL (ARRAY['id'::text, 'tenant_id'::text, 'created_at'::text]))) WHEN (audit_changes.present IS NULL) THEN (((audit_changes.former ->> key.key) IS NOT NULL) AND (key.key = ANY (audit_changes.shown)) AND (key.key <> ALL (ARRAY['id'::text, 'tenant_id'::text]))) ELSE ((audit_changes.former -> key.key) IS DISTINCT FROM (audit_changes.present -> key.key)) END));

ALTER FUNCTION public.audit_changes(former jsonb, present jsonb, shown text[]) OWNER TO tenant_owner;

CREATE FUNCTION public.audit_is_erasure(tenant text) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((current_setting('mod_tenant.erased'::text, true) = tenant) AND pg_has_role(SESSION_USER, 'tenant_owner'::name, 'USAGE'::text));

ALTER FUNCTION public.audit_is_erasure(tenant text) OWNER TO tenant_owner;

CREATE FUNCTION public.audit_origin(member text) RETURNS text
    LANGUAGE sql STABLE
    RETURN ((NULLIF(current_setting('mod_tenant.origin'::text, true), ''::text))::jsonb ->> member);

ALTER FUNCTION public.audit_origin(member text) OWNER TO tenant_owner;

CREATE FUNCTION public.audit_purged() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  gone record;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO public.audit (action, kind, changes) VALUES ('truncate', 'audit', '{}');
    RETURN NULL;
  END IF;
  SELECT count(*) AS rows, max(o.created_at) AS latest INTO gone FROM old_rows o
   WHERE public.audit_is_erasure(o.tenant_id::text) IS NOT TRUE;
  IF gone.rows > 0 THEN
    INSERT INTO public.audit (action, kind, changes)
    VALUES ('purge', 'audit', jsonb_build_object('rows', gone.rows, 'latest', gone.latest));
  END IF;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.audit_purged() OWNER TO tenant_lookup;

CREATE FUNCTION public.audit_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF TG_OP = 'UPDATE'
     OR NOT (pg_has_role(current_user, 'tenant_owner', 'USAGE') OR TG_OP = 'INSERT' AND current_user = 'tenant_lookup') THEN
    RAISE EXCEPTION 'the audit is append-only: % by % is refused', TG_OP, current_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.audit_refuse() OWNER TO tenant_owner;

CREATE FUNCTION public.audit_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  shown text[] := TG_ARGV[0];
BEGIN
  INSERT INTO public.audit (tenant_id, action, kind, row_id, changes)
  SELECT (gone ->> 'tenant_id')::integer, 'delete', TG_TABLE_NAME, gone ->> 'id',
         coalesce((SELECT jsonb_object_agg(key, jsonb_build_object('old', gone -> key)) FROM unnest(shown) key WHERE gone ->> key IS NOT NULL),
                  '{}')
    FROM (SELECT to_jsonb(o) AS gone FROM old_rows o) g
   WHERE public.audit_is_erasure(gone ->> 'tenant_id') IS NOT TRUE
     -- a subselect for each row, and no join: that would read all tenants for one row
     AND (SELECT true FROM public.tenants t WHERE t.id = (gone ->> 'tenant_id')::integer);
  RETURN NULL;
END
$$;

ALTER FUNCTION public.audit_removed() OWNER TO tenant_lookup;

CREATE FUNCTION public.audit_shortened(changes jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (length((changes)::text) <= 16384) THEN changes ELSE (SELECT jsonb_object_agg(key.key, 'changed') AS jsonb_object_agg FROM jsonb_object_keys(audit_shortened.changes) key(key)) END;

ALTER FUNCTION public.audit_shortened(changes jsonb) OWNER TO tenant_owner;

CREATE FUNCTION public.idempotency_purge(tenant_id integer, id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  DELETE FROM public.idempotency_keys k
   WHERE k.tenant_id = idempotency_purge.tenant_id AND k.id = idempotency_purge.id
     AND k.kept_at <= now() - interval '1 day';
  IF pg_try_advisory_xact_lock('public.idempotency_keys'::regclass::integer, 0) THEN
    DELETE FROM public.idempotency_keys k
     USING (SELECT o.tenant_id, o.id FROM public.idempotency_keys o
             WHERE o.kept_at <= now() - interval '1 day' ORDER BY o.kept_at LIMIT 1000) expired
     WHERE k.tenant_id = expired.tenant_id AND k.id = expired.id;
  END IF;
END
$$;

ALTER FUNCTION public.idempotency_purge(tenant_id integer, id text) OWNER TO tenant_lookup;

CREATE FUNCTION public.node_ended(name text, generation bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM public.nodes n WHERE n.name = node_ended.name AND n.generation = node_ended.generation;
END
$$;

ALTER FUNCTION public.node_ended(name text, generation bigint) OWNER TO tenant_lookup;

CREATE FUNCTION public.node_seen(name text, generation bigint, version text, keys text[], primary_keys text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO public.nodes AS n (name, generation, version, keys, primary_keys)
  VALUES (node_seen.name, node_seen.generation, node_seen.version, node_seen.keys, node_seen.primary_keys)
      ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE SET seen_at = now();
  DELETE FROM public.nodes n WHERE n.seen_at < now() - interval '1 day';
END
$$;

ALTER FUNCTION public.node_seen(name text, generation bigint, version text, keys text[], primary_keys text[]) OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_by_host(host text) RETURNS TABLE(id integer, name text, status text, custom_domain text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY
  SELECT t.id, t.name::text, coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = t.id), t.status)::text, t.custom_domain
    FROM public.tenants t
   WHERE t.custom_domain = tenant_by_host.host;
END
$$;

ALTER FUNCTION public.tenant_by_host(host text) OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_by_key(hashes text[]) RETURNS TABLE(id integer, name text, status text, custom_domain text, retiring boolean, milliseconds_left bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  RETURN QUERY
  SELECT t.id, t.name::text, coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = t.id), t.status)::text, t.custom_domain, false, NULL::bigint
    FROM public.tenants t
   WHERE t.api_key_hash = ANY (tenant_by_key.hashes)
   UNION ALL
  SELECT t.id, t.name::text, coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = t.id), t.status)::text, t.custom_domain, true,
         floor(1000 * extract(epoch FROM least(t.retiring_api_key_expires_at, now() + interval '1 day') - now()))::bigint
    FROM public.tenants t
   WHERE t.retiring_api_key_hash = ANY (tenant_by_key.hashes)
     AND t.retiring_api_key_expires_at > now();
END
$$;

ALTER FUNCTION public.tenant_by_key(hashes text[]) OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  CASE TG_OP
    WHEN 'TRUNCATE' THEN
      PERFORM pg_notify('tenant_changed', '*');
    WHEN 'INSERT' THEN
      PERFORM public.tenant_notify('tenant_changed', ARRAY(SELECT id FROM new_rows LIMIT 101));
    WHEN 'DELETE' THEN
      PERFORM public.tenant_notify('tenant_changed', ARRAY(SELECT id FROM old_rows LIMIT 101));
    WHEN 'UPDATE' THEN
      PERFORM public.tenant_notify('tenant_changed',
                                   ARRAY(SELECT id FROM old_rows UNION SELECT id FROM new_rows LIMIT 101));
  END CASE;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.tenant_changed() OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_context() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (current_setting('mod_tenant.tenant_id'::text, true) ~ '^[1-9][0-9]{0,8}$'::text) THEN (current_setting('mod_tenant.tenant_id'::text, true))::integer ELSE NULL::integer END;

ALTER FUNCTION public.tenant_context() OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_login_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  CASE TG_OP
    WHEN 'TRUNCATE' THEN
      PERFORM pg_notify('tenant_login_changed', '*');
    WHEN 'INSERT' THEN
      PERFORM public.tenant_notify('tenant_login_changed',
        ARRAY(SELECT DISTINCT tenant_id FROM new_rows WHERE password_hash IS NOT NULL LIMIT 101));
    WHEN 'DELETE' THEN
      PERFORM public.tenant_notify('tenant_login_changed',
        ARRAY(SELECT DISTINCT tenant_id FROM old_rows WHERE password_hash IS NOT NULL LIMIT 101));
    WHEN 'UPDATE' THEN
      PERFORM public.tenant_notify('tenant_login_changed', ARRAY(
        WITH former AS (SELECT id, tenant_id, email, password_hash FROM old_rows),
             present AS (SELECT id, tenant_id, email, password_hash FROM new_rows)
        SELECT DISTINCT tenant_id
          FROM ((TABLE former EXCEPT TABLE present) UNION ALL (TABLE present EXCEPT TABLE former)) differing
         LIMIT 101));
  END CASE;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.tenant_login_changed() OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_login_replicated() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM pg_notify('tenant_login_changed', OLD.tenant_id::text);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM pg_notify('tenant_login_changed', NEW.tenant_id::text);
  END IF;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.tenant_login_replicated() OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_move_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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

ALTER FUNCTION public.tenant_move_guard() OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_notify(channel text, ids integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF cardinality(ids) > 0 THEN
    PERFORM pg_notify(channel, CASE WHEN cardinality(ids) <= 100 THEN array_to_string(ids, ',') ELSE '*' END);
  END IF;
END
$$;

ALTER FUNCTION public.tenant_notify(channel text, ids integer[]) OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_rate_limit(tenant_id integer) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT t.rate_limit FROM public.tenants t WHERE t.id = tenant_rate_limit.tenant_id);
END
$$;

ALTER FUNCTION public.tenant_rate_limit(tenant_id integer) OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_replicated() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM pg_notify('tenant_changed', OLD.id::text);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM pg_notify('tenant_changed', NEW.id::text);
  END IF;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.tenant_replicated() OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_rotate_key(tenant_id integer, hashes text[], new_hash text, grace_seconds integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  UPDATE public.tenants t
     SET api_key_hash = new_hash,
         retiring_api_key_hash = CASE WHEN grace_seconds > 0 THEN t.api_key_hash END,
         retiring_api_key_expires_at = CASE WHEN grace_seconds > 0 THEN now() + make_interval(secs => grace_seconds) END
   WHERE t.id = tenant_rotate_key.tenant_id AND t.api_key_hash = ANY (tenant_rotate_key.hashes);
  IF FOUND THEN
    RETURN 'rotated';
  END IF;
  PERFORM FROM public.tenants t
    WHERE t.id = tenant_rotate_key.tenant_id AND t.retiring_api_key_hash = ANY (tenant_rotate_key.hashes)
      AND t.retiring_api_key_expires_at > now();
  RETURN CASE WHEN FOUND THEN 'retiring' ELSE 'unknown' END;
END
$$;

ALTER FUNCTION public.tenant_rotate_key(tenant_id integer, hashes text[], new_hash text, grace_seconds integer) OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_rotated_key(tenant_id integer, hashes text[], new_hashes text[], grace_seconds integer) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT array_position(new_hashes, t.api_key_hash)
            FROM public.tenants t
           WHERE t.id = tenant_rotated_key.tenant_id
             AND t.retiring_api_key_hash = ANY (tenant_rotated_key.hashes)
             AND t.retiring_api_key_expires_at > now()
             AND t.retiring_api_key_expires_at - make_interval(secs => grace_seconds) > now() - interval '1 day');
END
$$;

ALTER FUNCTION public.tenant_rotated_key(tenant_id integer, hashes text[], new_hashes text[], grace_seconds integer) OWNER TO tenant_lookup;

CREATE FUNCTION public.tenant_row_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.row_version := pg_catalog.uuid_hash_extended(pg_catalog.gen_random_uuid(), 0);
  RETURN NEW;
END
$$;

ALTER FUNCTION public.tenant_row_version() OWNER TO tenant_owner;

CREATE PROCEDURE public.tenant_table_check(IN resource regclass)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
  IF NOT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = resource) THEN
    RAISE EXCEPTION 'row level security of % is not enabled and forced', resource;
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_policy
     WHERE polrelid = resource AND polname = 'tenant' AND polpermissive AND polcmd = '*'
       AND polroles = ARRAY['tenant_api'::regrole::oid]
       AND pg_get_expr(polqual, polrelid) = '(tenant_id = tenant_context())'
       AND pg_get_expr(polwithcheck, polrelid) = '(tenant_id = tenant_context())') THEN
    RAISE EXCEPTION '% lacks the policy tenant', resource;
  END IF;
  IF EXISTS (
    SELECT FROM pg_policy
     WHERE polrelid = resource AND polname <> 'tenant' AND polroles && ARRAY[0, 'tenant_api'::regrole::oid]) THEN
    RAISE EXCEPTION '% has another policy that binds tenant_api', resource;
  END IF;
  IF has_column_privilege('tenant_api', resource, 'tenant_id', 'UPDATE')
     OR has_column_privilege('tenant_api', resource, 'id', 'UPDATE') THEN
    RAISE EXCEPTION 'tenant_api may update the keys of %', resource;
  END IF;
END
$$;

ALTER PROCEDURE public.tenant_table_check(IN resource regclass) OWNER TO tenant_owner;

CREATE PROCEDURE public.tenant_table_identity(IN resource regclass)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER PROCEDURE public.tenant_table_identity(IN resource regclass) OWNER TO tenant_owner;

CREATE PROCEDURE public.tenant_table_secure(IN resource regclass, IN filterable name[] DEFAULT '{}'::name[], IN write_once name[] DEFAULT '{sid,created_at}'::name[], IN secret name[] DEFAULT '{}'::name[])
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $_$
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
  CALL tenant_table_version(resource);

  EXECUTE format('CREATE UNIQUE INDEX ON %s (tenant_id, id)', resource);
  CALL tenant_table_identity(resource);
  IF columns @> '{created_at}' THEN
    EXECUTE format('ALTER TABLE %s ALTER created_at SET NOT NULL, ADD CHECK (created_at >= ''0001-01-01 00:00:00+00 BC'' AND created_at < ''10000-01-01 00:00:00+00'')', resource);
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
  EXECUTE format('CREATE POLICY tenant_owner ON %s TO tenant_owner USING (true) WITH CHECK (true)', resource);
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', resource);

  EXECUTE format('GRANT SELECT (row_version, %1$s) ON %2$s TO tenant_api, tenant_admin',
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
$_$;

ALTER PROCEDURE public.tenant_table_secure(IN resource regclass, IN filterable name[], IN write_once name[], IN secret name[]) OWNER TO tenant_owner;

CREATE PROCEDURE public.tenant_table_version(IN resource regclass)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ADD COLUMN row_version bigint NOT NULL DEFAULT %L', resource,
                 uuid_hash_extended(gen_random_uuid(), 0));
  EXECUTE format('ALTER TABLE %s ALTER row_version SET DEFAULT uuid_hash_extended(gen_random_uuid(), 0)', resource);
  EXECUTE format('CREATE TRIGGER tenant_row_version BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION tenant_row_version()',
                 resource);
END
$$;

ALTER PROCEDURE public.tenant_table_version(IN resource regclass) OWNER TO tenant_owner;

CREATE FUNCTION public.tenant_token_grace() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF NEW.twilio_auth_token_previous_until > now() + interval '31 days' THEN
    RAISE EXCEPTION 'twilio_auth_token_previous_until must be within 31 days' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'UPDATE'
     AND NEW.twilio_auth_token IS DISTINCT FROM OLD.twilio_auth_token
     AND NEW.twilio_auth_token_previous_until IS DISTINCT FROM OLD.twilio_auth_token_previous_until THEN
    NEW.twilio_auth_token_previous := OLD.twilio_auth_token;
  END IF;
  IF NEW.twilio_auth_token_previous IS NULL OR NEW.twilio_auth_token_previous_until > now() IS NOT TRUE THEN
    NEW.twilio_auth_token_previous := NULL;
    NEW.twilio_auth_token_previous_until := NULL;
  END IF;
  RETURN NEW;
END
$$;

ALTER FUNCTION public.tenant_token_grace() OWNER TO tenant_owner;

CREATE FUNCTION public.tenants_by_account(sid text, tenant_id integer) RETURNS TABLE(id integer, name text, status text, custom_domain text, phone_number text, auth_token text, previous_auth_token text, previous_milliseconds_left bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $$
BEGIN
  RETURN QUERY
  WITH claim AS (
    SELECT t.id, t.name, t.status, t.custom_domain, t.twilio_phone_number, t.twilio_auth_token,
           t.twilio_auth_token_previous, t.twilio_auth_token_previous_until
      FROM public.tenants t
     WHERE t.id = tenants_by_account.tenant_id AND t.twilio_account_sid = tenants_by_account.sid
     UNION ALL
   (SELECT t.id, t.name, t.status, t.custom_domain, t.twilio_phone_number, t.twilio_auth_token,
           t.twilio_auth_token_previous, t.twilio_auth_token_previous_until
      FROM public.tenants t
     WHERE t.twilio_account_sid = tenants_by_account.sid AND t.id IS DISTINCT FROM tenants_by_account.tenant_id
     ORDER BY t.id
     LIMIT 8)
  )
  SELECT c.id, c.name::text, coalesce((SELECT m.answer FROM public.tenant_moves m WHERE m.tenant = c.id), c.status)::text, c.custom_domain, c.twilio_phone_number::text,
         CASE WHEN c.twilio_auth_token ~ '^mt[0-9]+[.]' THEN c.twilio_auth_token
              WHEN c.twilio_auth_token IS NOT NULL THEN '' END,
         CASE WHEN c.twilio_auth_token_previous_until > now() THEN
           CASE WHEN c.twilio_auth_token_previous ~ '^mt[0-9]+[.]' THEN c.twilio_auth_token_previous
                WHEN c.twilio_auth_token_previous IS NOT NULL THEN '' END END,
         CASE WHEN c.twilio_auth_token_previous_until > now() THEN
           floor(1000 * extract(epoch FROM least(c.twilio_auth_token_previous_until - now(), interval '1 day')))::bigint END
    FROM claim c
   ORDER BY c.id IS DISTINCT FROM tenants_by_account.tenant_id, c.id
   LIMIT 8;
END
$$;

ALTER FUNCTION public.tenants_by_account(sid text, tenant_id integer) OWNER TO tenant_lookup;

CREATE FUNCTION public.twilio_status_rank(relation text, status text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE(array_position((CASE relation WHEN 'calls'::text THEN '{queued,initiated,ringing,answered,in-progress,canceled,no-answer,busy,failed,completed}'::text WHEN 'messages'::text THEN '{receiving,accepted,scheduled,queued,sending,sent,received,canceled,failed,undelivered,partially_delivered,delivered,read}'::text WHEN 'recordings'::text THEN '{in-progress,paused,stopped,processing,absent,failed,completed,deleted}'::text ELSE NULL::text END)::text[], status), 0);

ALTER FUNCTION public.twilio_status_rank(relation text, status text) OWNER TO tenant_owner;

CREATE FUNCTION public.twilio_status_latest(relation text, one text, other text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((one IS NULL) OR (public.twilio_status_rank(relation, one) < public.twilio_status_rank(relation, other)) OR ((public.twilio_status_rank(relation, one) = public.twilio_status_rank(relation, other)) AND ((one COLLATE "C") < (other COLLATE "C")))) THEN other ELSE one END;

ALTER FUNCTION public.twilio_status_latest(relation text, one text, other text) OWNER TO tenant_owner;

CREATE FUNCTION public.usage_add(memory bigint, number bigint, tenants integer[], days integer[], requests bigint[], rows_written bigint[], bytes_out bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  INSERT INTO public.usage_flushes AS f (memory, number)
  VALUES (usage_add.memory, usage_add.number)
      ON CONFLICT ON CONSTRAINT usage_flushes_pkey DO UPDATE SET number = EXCLUDED.number, flushed_at = now()
   WHERE f.number < EXCLUDED.number;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO public.usage AS u (tenant_id, day, requests, rows_written, bytes_out)
  SELECT t.id, date '1970-01-01' + a.day, sum(a.requests), sum(a.rows_written), sum(a.bytes_out)
    FROM unnest(usage_add.tenants, usage_add.days, usage_add.requests, usage_add.rows_written, usage_add.bytes_out)
         a (tenant, day, requests, rows_written, bytes_out)
    JOIN public.tenants t ON t.id = a.tenant
   GROUP BY t.id, a.day
   ORDER BY t.id, a.day
      ON CONFLICT ON CONSTRAINT usage_tenant_id_day_key DO UPDATE
     SET requests = u.requests + EXCLUDED.requests, rows_written = u.rows_written + EXCLUDED.rows_written,
         bytes_out = u.bytes_out + EXCLUDED.bytes_out;
  DELETE FROM public.usage_flushes f WHERE f.flushed_at < now() - interval '30 days';
END
$$;

ALTER FUNCTION public.usage_add(memory bigint, number bigint, tenants integer[], days integer[], requests bigint[], rows_written bigint[], bytes_out bigint[]) OWNER TO tenant_lookup;

CREATE FUNCTION public.usage_count(pause interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  portion constant integer := 20;
  state public.usage_rounds;
  since date;
  tenants integer[];
BEGIN
  SELECT * INTO state FROM public.usage_rounds FOR UPDATE SKIP LOCKED;
  -- a round that has begun in the future was ahead of a clock that has been set back
  IF NOT FOUND OR (state.next_tenant = 0 AND now() BETWEEN state.began_at AND state.began_at + greatest(pause, 60 * state.spent)) THEN
    RETURN;
  END IF;
  IF state.next_tenant = 0 THEN
    state.began_at := now();
    state.spent := '0';
  END IF;
  since := (least(state.counted_at, now()) AT TIME ZONE 'UTC')::date - 1;
  LOOP
    tenants := ARRAY(SELECT t.id FROM public.tenants t WHERE t.id > state.next_tenant AND NOT EXISTS (SELECT FROM public.tenant_moves m WHERE m.tenant = t.id AND m.answer IS NOT NULL) ORDER BY t.id LIMIT portion);
    BEGIN
      PERFORM public.usage_count_tenants(tenants, since);
    EXCEPTION WHEN query_canceled THEN
      RAISE WARNING 'the rows of the tenants % cannot be counted in time', tenants;
    END;
    state.next_tenant := coalesce(tenants[portion], 0);
    EXIT WHEN state.next_tenant = 0 OR clock_timestamp() > now() + interval '1 second';
  END LOOP;
  IF state.next_tenant = 0 THEN
    DELETE FROM public.usage_removed d WHERE d.day < since;
    state.counted_at := state.began_at;
  END IF;
  UPDATE public.usage_rounds
     SET next_tenant = state.next_tenant, began_at = state.began_at, counted_at = state.counted_at,
         spent = state.spent + (clock_timestamp() - now());
END
$$;

ALTER FUNCTION public.usage_count(pause interval) OWNER TO tenant_lookup;

CREATE FUNCTION public.usage_count_tenants(tenants integer[], since date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  first timestamptz := since::timestamp AT TIME ZONE 'UTC';
  past timestamptz := ((now() AT TIME ZONE 'UTC')::date + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
  INSERT INTO public.usage AS u (tenant_id, day, calls, call_seconds, messages, recordings, recording_seconds)
  SELECT k.tenant, r.day, sum(r.calls), sum(r.call_seconds), sum(r.messages), sum(r.recordings), sum(r.recording_seconds)
    FROM unnest(usage_count_tenants.tenants) k (tenant)
   CROSS JOIN LATERAL (
         SELECT (c.created_at AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(c.duration), 0), 0, 0, 0
           FROM public.calls c WHERE c.tenant_id = k.tenant AND c.created_at >= first AND c.created_at < past GROUP BY 1
          UNION ALL
         SELECT (m.created_at AT TIME ZONE 'UTC')::date, 0, 0, count(*), 0, 0
           FROM public.messages m WHERE m.tenant_id = k.tenant AND m.created_at >= first AND m.created_at < past GROUP BY 1
          UNION ALL
         SELECT (r.created_at AT TIME ZONE 'UTC')::date, 0, 0, 0, count(*), coalesce(sum(r.duration), 0)
           FROM public.recordings r WHERE r.tenant_id = k.tenant AND r.created_at >= first AND r.created_at < past GROUP BY 1
          UNION ALL
         SELECT d.day, d.calls, d.call_seconds, d.messages, d.recordings, d.recording_seconds
           FROM public.usage_removed d WHERE d.tenant = k.tenant AND d.day >= since AND d.day <= (now() AT TIME ZONE 'UTC')::date
         ) r (day, calls, call_seconds, messages, recordings, recording_seconds)
   GROUP BY k.tenant, r.day
   ORDER BY k.tenant, r.day
      ON CONFLICT ON CONSTRAINT usage_tenant_id_day_key DO UPDATE
     SET calls = EXCLUDED.calls, call_seconds = EXCLUDED.call_seconds, messages = EXCLUDED.messages,
         recordings = EXCLUDED.recordings, recording_seconds = EXCLUDED.recording_seconds
   WHERE (u.calls, u.call_seconds, u.messages, u.recordings, u.recording_seconds)
         IS DISTINCT FROM (EXCLUDED.calls, EXCLUDED.call_seconds, EXCLUDED.messages, EXCLUDED.recordings, EXCLUDED.recording_seconds);
END
$$;

ALTER FUNCTION public.usage_count_tenants(tenants integer[], since date) OWNER TO tenant_lookup;

CREATE FUNCTION public.usage_note_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF TG_TABLE_NAME = 'calls' THEN
    INSERT INTO public.usage_removed (tenant, day, calls, call_seconds)
    SELECT t.id, (r.created_at AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(r.duration), 0)
      FROM removed r JOIN public.tenants t ON t.id = r.tenant_id
     GROUP BY 1, 2;
  ELSIF TG_TABLE_NAME = 'messages' THEN
    INSERT INTO public.usage_removed (tenant, day, messages)
    SELECT t.id, (r.created_at AT TIME ZONE 'UTC')::date, count(*)
      FROM removed r JOIN public.tenants t ON t.id = r.tenant_id
     GROUP BY 1, 2;
  ELSE
    INSERT INTO public.usage_removed (tenant, day, recordings, recording_seconds)
    SELECT t.id, (r.created_at AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(r.duration), 0)
      FROM removed r JOIN public.tenants t ON t.id = r.tenant_id
     GROUP BY 1, 2;
  END IF;
  RETURN NULL;
END
$$;

ALTER FUNCTION public.usage_note_removed() OWNER TO tenant_lookup;

CREATE FUNCTION public.user_by_email(tenant_id integer, email text) RETURNS TABLE(id text, password_hash text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY
  SELECT u.id::text, u.password_hash::text
    FROM public.users u
   WHERE u.tenant_id = user_by_email.tenant_id
     AND lower(u.email COLLATE "und-x-icu") COLLATE "C" = lower(user_by_email.email COLLATE "und-x-icu") COLLATE "C";
END
$$;

ALTER FUNCTION public.user_by_email(tenant_id integer, email text) OWNER TO tenant_lookup;

CREATE FUNCTION public.user_id(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN value;

ALTER FUNCTION public.user_id(value text) OWNER TO tenant_owner;

CREATE FUNCTION public.user_id_by_email(tenant_id integer, email text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT u.id
            FROM public.users u
           WHERE u.tenant_id = user_id_by_email.tenant_id
             AND lower(u.email COLLATE "und-x-icu") COLLATE "C"
                 = lower(user_id_by_email.email COLLATE "und-x-icu") COLLATE "C");
END
$$;

ALTER FUNCTION public.user_id_by_email(tenant_id integer, email text) OWNER TO tenant_lookup;

CREATE FUNCTION public.user_id_of_email(tenant_id integer, email text) RETURNS text
    LANGUAGE sql STABLE
    RETURN public.user_id_by_email(tenant_id, email);

ALTER FUNCTION public.user_id_of_email(tenant_id integer, email text) OWNER TO tenant_owner;

CREATE FUNCTION public.user_rehash(id text, former text, present text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  UPDATE public.users u
     SET password_hash = user_rehash.present
   WHERE u.tenant_id = public.tenant_context() AND u.id = public.user_id(user_rehash.id)
     AND u.password_hash = user_rehash.former;
  RETURN FOUND;
END
$$;

ALTER FUNCTION public.user_rehash(id text, former text, present text) OWNER TO tenant_lookup;

CREATE PROCEDURE tenant_migration.add_column(IN change text, IN relation text, IN name text, IN definition text, IN keeps text)
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NOT tenant_migration.has_column(relation, name) THEN
    EXECUTE format('ALTER TABLE %I ADD COLUMN %I %s', relation, name, definition);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I DROP COLUMN %I', relation, name),
                                 format('SELECT id FROM %I WHERE NOT (%s)', relation, keeps));
  END IF;
END
$$;

ALTER PROCEDURE tenant_migration.add_column(IN change text, IN relation text, IN name text, IN definition text, IN keeps text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.add_constraint(IN change text, IN relation text, IN name text, IN definition text)
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint
                  WHERE conrelid = to_regclass('public.' || relation) AND conname = name) THEN
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', relation, name, definition);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I DROP CONSTRAINT %I', relation, name));
  END IF;
END
$$;

ALTER PROCEDURE tenant_migration.add_constraint(IN change text, IN relation text, IN name text, IN definition text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.add_tenant_key(IN change text, IN relation text)
    LANGUAGE plpgsql
    AS $$
BEGIN
  CALL tenant_migration.add_constraint(change, relation, relation || '_tenant_id_fkey',
    'FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE NOT VALID');
END
$$;

ALTER PROCEDURE tenant_migration.add_tenant_key(IN change text, IN relation text) OWNER TO tenant_owner;

CREATE TABLE tenant_migration.step (
    id integer NOT NULL,
    change text NOT NULL,
    relation text NOT NULL,
    undo text NOT NULL,
    guard text
);

ALTER TABLE tenant_migration.step OWNER TO tenant_owner;

CREATE FUNCTION tenant_migration.broken_indexes(relation text) RETURNS SETOF text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT format('DROP INDEX CONCURRENTLY %s'::text, (i.indexrelid)::regclass) AS format
    FROM (pg_index i
      JOIN tenant_migration.step s ON ((s.undo = format('DROP INDEX CONCURRENTLY IF EXISTS %s'::text, (i.indexrelid)::regclass))))
   WHERE ((i.indrelid = (to_regclass(('public.'::text || s.relation)))::oid) AND (NOT i.indisvalid));
END;

ALTER FUNCTION tenant_migration.broken_indexes(relation text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.claim_indexes(IN change text, IN relation text, VARIADIC names text[])
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO tenant_migration.step (change, relation, undo)  SELECT claim_indexes.change AS change,
             claim_indexes.relation AS relation,
             format('DROP INDEX CONCURRENTLY IF EXISTS %I'::text, name.name) AS format
            FROM unnest(claim_indexes.names) name(name)
           WHERE ((to_regclass(('public.'::text || quote_ident(name.name))) IS NULL) AND (NOT (EXISTS ( SELECT
                    FROM tenant_migration.step s
                   WHERE (s.undo = format('DROP INDEX CONCURRENTLY IF EXISTS %I'::text, name.name))))));
END;

ALTER PROCEDURE tenant_migration.claim_indexes(IN change text, IN relation text, VARIADIC names text[]) OWNER TO tenant_owner;

CREATE FUNCTION tenant_migration.has_column(relation text, name text) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM pg_attribute WHERE ((pg_attribute.attrelid = (to_regclass(('public.'::text || has_column.relation)))::oid) AND (pg_attribute.attname = has_column.name) AND (NOT pg_attribute.attisdropped))));

ALTER FUNCTION tenant_migration.has_column(relation text, name text) OWNER TO tenant_owner;

CREATE FUNCTION tenant_migration.id_sequence(relation regclass) RETURNS regclass
    LANGUAGE sql STABLE
    RETURN (SELECT s.oid FROM (((pg_attribute a JOIN pg_attrdef f ON (((f.adrelid = a.attrelid) AND (f.adnum = a.attnum)))) JOIN pg_depend d ON (((d.classid = ('pg_attrdef'::regclass)::oid) AND (d.objid = f.oid)))) JOIN pg_class s ON (((s.oid = d.refobjid) AND (s.relkind = 'S'::"char")))) WHERE ((a.attrelid = (id_sequence.relation)::oid) AND (a.attname = 'id'::name) AND (d.refclassid = ('pg_class'::regclass)::oid)));

ALTER FUNCTION tenant_migration.id_sequence(relation regclass) OWNER TO tenant_owner;

CREATE TABLE tenant_migration.legacy_tenant (
    id integer NOT NULL
);

ALTER TABLE tenant_migration.legacy_tenant OWNER TO tenant_owner;

CREATE FUNCTION tenant_migration.legacy_id() RETURNS integer
    LANGUAGE sql STABLE
    RETURN (SELECT legacy_tenant.id FROM tenant_migration.legacy_tenant);

ALTER FUNCTION tenant_migration.legacy_id() OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.lock_tables(VARIADIC relations text[])
    LANGUAGE plpgsql
    AS $$
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

ALTER PROCEDURE tenant_migration.lock_tables(VARIADIC relations text[]) OWNER TO tenant_owner;

CREATE FUNCTION tenant_migration.missing_indexes(VARIADIC names text[]) RETURNS SETOF text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT name.name
    FROM unnest(missing_indexes.names) name(name)
   WHERE (NOT (EXISTS ( SELECT
            FROM pg_index
           WHERE ((pg_index.indexrelid = (to_regclass(('public.'::text || quote_ident(name.name))))::oid) AND pg_index.indisvalid AND pg_index.indisready))));
END;

ALTER FUNCTION tenant_migration.missing_indexes(VARIADIC names text[]) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.record(IN change text, IN relation text, IN undo text, IN guard text DEFAULT NULL::text)
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO tenant_migration.step (change, relation, undo, guard)
   VALUES (record.change, record.relation, record.undo, record.guard);
END;

ALTER PROCEDURE tenant_migration.record(IN change text, IN relation text, IN undo text, IN guard text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.set_default(IN change text, IN relation text, IN name text, IN expression text)
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF (SELECT NOT atthasdef AND attidentity = '' FROM pg_attribute
       WHERE attrelid = to_regclass('public.' || relation) AND attname = name) THEN
    EXECUTE format('ALTER TABLE %I ALTER %I SET DEFAULT %s', relation, name, expression);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I ALTER %I DROP DEFAULT', relation, name));
  END IF;
END
$$;

ALTER PROCEDURE tenant_migration.set_default(IN change text, IN relation text, IN name text, IN expression text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.set_not_null(IN change text, IN relation text, IN name text)
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF NOT (SELECT attnotnull FROM pg_attribute
           WHERE attrelid = to_regclass('public.' || relation) AND attname = name) THEN
    EXECUTE format('ALTER TABLE %I ALTER %I SET NOT NULL', relation, name);
    CALL tenant_migration.record(change, relation, format('ALTER TABLE %I ALTER %I DROP NOT NULL', relation, name));
  END IF;
END
$$;

ALTER PROCEDURE tenant_migration.set_not_null(IN change text, IN relation text, IN name text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.set_type(IN change text, IN relation text, IN name text, IN type text, IN guard text DEFAULT NULL::text)
    LANGUAGE plpgsql
    AS $$
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

ALTER PROCEDURE tenant_migration.set_type(IN change text, IN relation text, IN name text, IN type text, IN guard text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.undo(IN change text)
    LANGUAGE plpgsql
    AS $$
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

ALTER PROCEDURE tenant_migration.undo(IN change text) OWNER TO tenant_owner;

CREATE PROCEDURE tenant_migration.widen_ids(IN relation text)
    LANGUAGE plpgsql
    AS $$
DECLARE
  sequence regclass := tenant_migration.id_sequence(relation::regclass);
BEGIN
  CALL tenant_migration.lock_tables(relation);
  CALL tenant_migration.set_type('wide_ids', relation, 'id', 'bigint', format('SELECT id FROM %I WHERE id > 2147483647', relation));
  -- An identity column's sequence has followed by itself.
  IF (SELECT seqtypid FROM pg_sequence WHERE seqrelid = sequence) = 'integer'::regtype THEN
    EXECUTE format('ALTER SEQUENCE %s AS bigint', sequence);
    CALL tenant_migration.record('wide_ids', relation, format('ALTER SEQUENCE %s AS integer', sequence));
  END IF;
END
$$;

ALTER PROCEDURE tenant_migration.widen_ids(IN relation text) OWNER TO tenant_owner;

CREATE TABLE public.audit (
    id bigint NOT NULL,
    tenant_id integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    row_id text,
    changes jsonb NOT NULL,
    actor_type text DEFAULT COALESCE(public.audit_origin('actor_type'::text), 'role'::text) NOT NULL,
    actor text DEFAULT "left"(COALESCE(public.audit_origin('actor'::text), (SESSION_USER)::text), 320) NOT NULL,
    role text DEFAULT SESSION_USER NOT NULL,
    address text DEFAULT COALESCE(public.audit_origin('address'::text), host(inet_client_addr())),
    request_id text DEFAULT "left"(public.audit_origin('request_id'::text), 128),
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL,
    CONSTRAINT audit_created_at_check CHECK (((created_at >= '0001-01-01 00:00:00+00 BC'::timestamp with time zone) AND (created_at < '10000-01-01 00:00:00+00'::timestamp with time zone)))
);
ALTER TABLE ONLY public.audit ALTER COLUMN tenant_id SET (n_distinct=1000);
ALTER TABLE ONLY public.audit ALTER COLUMN action SET (n_distinct=1000);
ALTER TABLE ONLY public.audit ALTER COLUMN kind SET (n_distinct=1000);
ALTER TABLE ONLY public.audit ALTER COLUMN row_id SET (n_distinct=1000);
ALTER TABLE ONLY public.audit ALTER COLUMN actor SET (n_distinct=1000);

ALTER TABLE ONLY public.audit REPLICA IDENTITY FULL;

ALTER TABLE ONLY public.audit FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit OWNER TO tenant_owner;

COMMENT ON TABLE public.audit IS 'Who has changed what; triggers write it, and nobody changes it';

COMMENT ON COLUMN public.audit.kind IS 'The table of the row that was changed';

COMMENT ON COLUMN public.audit.changes IS 'By the names of the fields: {"old": …, "new": …}, or "changed" for what may be secret';

COMMENT ON COLUMN public.audit.actor IS 'Whom the client names; where it names nobody, the role';

COMMENT ON COLUMN public.audit.role IS 'The role that was connected: PostgreSQL''s own word';

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.calls (
    id bigint NOT NULL,
    sid character varying(34) NOT NULL,
    tenant_id integer NOT NULL,
    from_number character varying(320),
    to_number character varying(320),
    status character varying(20),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    direction character varying(32),
    duration integer,
    parent_call_sid character varying(34),
    answered_at timestamp with time zone,
    ended_at timestamp with time zone,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL,
    CONSTRAINT calls_created_at_check CHECK (((created_at IS NOT NULL) AND isfinite(created_at))),
    CONSTRAINT calls_created_at_range_check CHECK (((created_at >= '0001-01-01 00:00:00+00 BC'::timestamp with time zone) AND (created_at < '10000-01-01 00:00:00+00'::timestamp with time zone)))
);
ALTER TABLE ONLY public.calls ALTER COLUMN tenant_id SET (n_distinct=1000);
ALTER TABLE ONLY public.calls ALTER COLUMN from_number SET (n_distinct=1000);
ALTER TABLE ONLY public.calls ALTER COLUMN to_number SET (n_distinct=1000);
ALTER TABLE ONLY public.calls ALTER COLUMN status SET (n_distinct=1000);
ALTER TABLE ONLY public.calls ALTER COLUMN direction SET (n_distinct=4);
ALTER TABLE ONLY public.calls ALTER COLUMN parent_call_sid SET (n_distinct=4);

ALTER TABLE ONLY public.calls FORCE ROW LEVEL SECURITY;

ALTER TABLE public.calls OWNER TO tenant_owner;

CREATE SEQUENCE public.calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.calls_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.calls_id_seq OWNED BY public.calls.id;

CREATE TABLE public.idempotency_keys (
    tenant_id integer NOT NULL,
    id text NOT NULL,
    fingerprint text NOT NULL,
    answer jsonb NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.idempotency_keys ALTER COLUMN tenant_id SET (n_distinct=1000);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys OWNER TO tenant_owner;

CREATE TABLE public.messages (
    id bigint NOT NULL,
    sid character varying(34) NOT NULL,
    tenant_id integer NOT NULL,
    from_number character varying(320),
    to_number character varying(320),
    status character varying(20),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    body text,
    direction character varying(32),
    error_code integer,
    num_media integer,
    media text,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL,
    CONSTRAINT messages_created_at_check CHECK (((created_at IS NOT NULL) AND isfinite(created_at))),
    CONSTRAINT messages_created_at_range_check CHECK (((created_at >= '0001-01-01 00:00:00+00 BC'::timestamp with time zone) AND (created_at < '10000-01-01 00:00:00+00'::timestamp with time zone)))
);
ALTER TABLE ONLY public.messages ALTER COLUMN tenant_id SET (n_distinct=1000);
ALTER TABLE ONLY public.messages ALTER COLUMN from_number SET (n_distinct=1000);
ALTER TABLE ONLY public.messages ALTER COLUMN to_number SET (n_distinct=1000);
ALTER TABLE ONLY public.messages ALTER COLUMN status SET (n_distinct=1000);
ALTER TABLE ONLY public.messages ALTER COLUMN direction SET (n_distinct=4);
ALTER TABLE ONLY public.messages ALTER COLUMN error_code SET (n_distinct=4);

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE public.messages OWNER TO tenant_owner;

CREATE SEQUENCE public.messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.messages_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.messages_id_seq OWNED BY public.messages.id;

CREATE TABLE public.nodes (
    name text NOT NULL,
    generation bigint NOT NULL,
    version text NOT NULL,
    keys text[] NOT NULL,
    primary_keys text[] NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT nodes_check CHECK ((primary_keys <@ keys)),
    CONSTRAINT nodes_keys_check CHECK ((cardinality(keys) <= 1000)),
    CONSTRAINT nodes_name_check CHECK (((length(name) >= 1) AND (length(name) <= 300))),
    CONSTRAINT nodes_version_check CHECK ((length(version) <= 50))
);

ALTER TABLE public.nodes OWNER TO tenant_owner;

COMMENT ON TABLE public.nodes IS 'Servers that use this database; who has not been seen for a minute has ended without a word';

COMMENT ON COLUMN public.nodes.keys IS 'The keys of its key file, such as {"seal 1","pepper 1"}';

COMMENT ON COLUMN public.nodes.primary_keys IS 'Those that it makes new values with';

CREATE TABLE public.products (
    id integer NOT NULL,
    name character varying,
    description text,
    tenant_id integer NOT NULL,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL
);
ALTER TABLE ONLY public.products ALTER COLUMN name SET (n_distinct=1000);
ALTER TABLE ONLY public.products ALTER COLUMN tenant_id SET (n_distinct=1000);

ALTER TABLE ONLY public.products FORCE ROW LEVEL SECURITY;

ALTER TABLE public.products OWNER TO tenant_owner;

CREATE SEQUENCE public.products_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.products_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.products_id_seq OWNED BY public.products.id;

CREATE TABLE public.recordings (
    id bigint NOT NULL,
    sid character varying(34) NOT NULL,
    tenant_id integer NOT NULL,
    call_sid character varying(34),
    url text,
    duration integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    status character varying(20),
    channels integer,
    source character varying(40),
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL,
    CONSTRAINT recordings_created_at_check CHECK (((created_at IS NOT NULL) AND isfinite(created_at))),
    CONSTRAINT recordings_created_at_range_check CHECK (((created_at >= '0001-01-01 00:00:00+00 BC'::timestamp with time zone) AND (created_at < '10000-01-01 00:00:00+00'::timestamp with time zone)))
);
ALTER TABLE ONLY public.recordings ALTER COLUMN tenant_id SET (n_distinct=1000);
ALTER TABLE ONLY public.recordings ALTER COLUMN call_sid SET (n_distinct=1000);
ALTER TABLE ONLY public.recordings ALTER COLUMN duration SET (n_distinct=1000);
ALTER TABLE ONLY public.recordings ALTER COLUMN status SET (n_distinct=4);

ALTER TABLE ONLY public.recordings FORCE ROW LEVEL SECURITY;

ALTER TABLE public.recordings OWNER TO tenant_owner;

CREATE SEQUENCE public.recordings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.recordings_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.recordings_id_seq OWNED BY public.recordings.id;

CREATE TABLE public.settings (
    id integer NOT NULL,
    tenant_id integer NOT NULL,
    auto_record_calls boolean DEFAULT false,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL
);

ALTER TABLE ONLY public.settings FORCE ROW LEVEL SECURITY;

ALTER TABLE public.settings OWNER TO tenant_owner;

CREATE SEQUENCE public.settings_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.settings_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.settings_id_seq OWNED BY public.settings.id;

CREATE TABLE public.tenant_moves (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    side text NOT NULL,
    state text NOT NULL,
    answer text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    tenant_row jsonb,
    portion jsonb,
    portions integer DEFAULT 0 NOT NULL,
    CONSTRAINT tenant_moves_answer_check CHECK ((answer = ANY (ARRAY['moving'::text, 'moved'::text]))),
    CONSTRAINT tenant_moves_side_check CHECK ((side = ANY (ARRAY['source'::text, 'target'::text]))),
    CONSTRAINT tenant_moves_state_check CHECK ((state = ANY (ARRAY['copying'::text, 'closed'::text, 'done'::text])))
);

ALTER TABLE public.tenant_moves OWNER TO tenant_owner;

COMMENT ON TABLE public.tenant_moves IS 'Tenants that move to or from this database, or have moved';

COMMENT ON COLUMN public.tenant_moves.id IS 'The move: the same in both databases';

COMMENT ON COLUMN public.tenant_moves.state IS 'copying: as ever here; closed: no more writes here, and none there yet; done: served at the target';

COMMENT ON COLUMN public.tenant_moves.answer IS 'What requests of the tenant are told here; NULL: nothing, they are served';

COMMENT ON COLUMN public.tenant_moves.tenant_row IS 'At the source: the row of tenants, as it was when it was closed';

COMMENT ON COLUMN public.tenant_moves.portion IS 'At the source: the rows of usage that were taken out last';

COMMENT ON COLUMN public.tenant_moves.portions IS 'How many such portions were taken out here, or added here';

CREATE TABLE public.tenants (
    id integer NOT NULL,
    name character varying(256) NOT NULL,
    status character varying(50) NOT NULL,
    api_key_hash text NOT NULL,
    custom_domain text,
    twilio_account_sid text,
    twilio_auth_token text,
    twilio_api_key_sid text,
    twilio_api_key_secret text,
    twilio_phone_number character varying(20),
    retiring_api_key_hash text,
    retiring_api_key_expires_at timestamp with time zone,
    twilio_auth_token_previous text,
    twilio_auth_token_previous_until timestamp with time zone,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL,
    rate_limit text,
    CONSTRAINT tenants_id_check CHECK (((id >= 1) AND (id <= 999999999))),
    CONSTRAINT tenants_rate_limit_check CHECK ((rate_limit ~ '^([1-9][0-9]{0,5}|1000000)/(([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s?|([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m|([1-9]|1[0-9]|2[0-4])h)( burst=([1-9][0-9]{0,5}|1000000))?$'::text)),
    CONSTRAINT tenants_status_check CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'inactive'::character varying])::text[])))
);
ALTER TABLE ONLY public.tenants ALTER COLUMN name SET (n_distinct=1000);
ALTER TABLE ONLY public.tenants ALTER COLUMN status SET (n_distinct=1000);

ALTER TABLE ONLY public.tenants FORCE ROW LEVEL SECURITY;

ALTER TABLE public.tenants OWNER TO tenant_owner;

CREATE SEQUENCE public.tenants_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.tenants_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.tenants_id_seq OWNED BY public.tenants.id;

CREATE TABLE public.usage (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    day date NOT NULL,
    requests bigint DEFAULT 0 NOT NULL,
    rows_written bigint DEFAULT 0 NOT NULL,
    bytes_out bigint DEFAULT 0 NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    call_seconds bigint DEFAULT 0 NOT NULL,
    messages bigint DEFAULT 0 NOT NULL,
    recordings bigint DEFAULT 0 NOT NULL,
    recording_seconds bigint DEFAULT 0 NOT NULL,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL
);
ALTER TABLE ONLY public.usage ALTER COLUMN tenant_id SET (n_distinct=1000);
ALTER TABLE ONLY public.usage ALTER COLUMN day SET (n_distinct=1000);

ALTER TABLE ONLY public.usage FORCE ROW LEVEL SECURITY;

ALTER TABLE public.usage OWNER TO tenant_owner;

COMMENT ON TABLE public.usage IS 'What each tenant has used, by day (UTC)';

CREATE TABLE public.usage_flushes (
    memory bigint NOT NULL,
    number bigint NOT NULL,
    flushed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.usage_flushes OWNER TO tenant_owner;

COMMENT ON TABLE public.usage_flushes IS 'How far servers have added what they counted';

CREATE SEQUENCE public.usage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE public.usage_id_seq OWNER TO tenant_owner;

ALTER SEQUENCE public.usage_id_seq OWNED BY public.usage.id;

CREATE TABLE public.usage_removed (
    tenant integer NOT NULL,
    day date NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    call_seconds bigint DEFAULT 0 NOT NULL,
    messages bigint DEFAULT 0 NOT NULL,
    recordings bigint DEFAULT 0 NOT NULL,
    recording_seconds bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.usage_removed REPLICA IDENTITY FULL;

ALTER TABLE public.usage_removed OWNER TO tenant_owner;

COMMENT ON TABLE public.usage_removed IS 'Rows that were removed, of days that are still counted';

CREATE TABLE public.usage_rounds (
    one boolean DEFAULT true NOT NULL,
    next_tenant integer DEFAULT 0 NOT NULL,
    began_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    spent interval DEFAULT '00:00:00'::interval NOT NULL,
    counted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_rounds_one_check CHECK (one)
);

ALTER TABLE public.usage_rounds OWNER TO tenant_owner;

COMMENT ON TABLE public.usage_rounds IS 'How far the rows of tenants have been counted';

CREATE TABLE public.users (
    id text NOT NULL,
    email text,
    password_hash text,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    tenant_id integer NOT NULL,
    row_version bigint DEFAULT uuid_hash_extended(gen_random_uuid(), (0)::bigint) NOT NULL,
    CONSTRAINT users_created_at_check CHECK (isfinite(created_at)),
    CONSTRAINT users_created_at_range_check CHECK (((created_at >= '0001-01-01 00:00:00+00 BC'::timestamp with time zone) AND (created_at < '10000-01-01 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT users_updated_at_check CHECK (isfinite(updated_at)),
    CONSTRAINT users_updated_at_range_check CHECK (((updated_at >= '0001-01-01 00:00:00+00 BC'::timestamp with time zone) AND (updated_at < '10000-01-01 00:00:00+00'::timestamp with time zone)))
);
ALTER TABLE ONLY public.users ALTER COLUMN updated_at SET (n_distinct=1000);
ALTER TABLE ONLY public.users ALTER COLUMN tenant_id SET (n_distinct=1000);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

ALTER TABLE public.users OWNER TO tenant_owner;

CREATE TABLE tenant_migration.backfilled_created_at (
    relation text NOT NULL,
    id integer NOT NULL
);

ALTER TABLE tenant_migration.backfilled_created_at OWNER TO tenant_owner;

ALTER TABLE tenant_migration.step ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tenant_migration.step_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);

ALTER TABLE ONLY public.messages ALTER COLUMN id SET DEFAULT nextval('public.messages_id_seq'::regclass);

ALTER TABLE ONLY public.products ALTER COLUMN id SET DEFAULT nextval('public.products_id_seq'::regclass);

ALTER TABLE ONLY public.recordings ALTER COLUMN id SET DEFAULT nextval('public.recordings_id_seq'::regclass);

ALTER TABLE ONLY public.settings ALTER COLUMN id SET DEFAULT nextval('public.settings_id_seq'::regclass);

ALTER TABLE ONLY public.tenants ALTER COLUMN id SET DEFAULT nextval('public.tenants_id_seq'::regclass);

ALTER TABLE ONLY public.usage ALTER COLUMN id SET DEFAULT nextval('public.usage_id_seq'::regclass);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_sid_key UNIQUE (sid);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.idempotency_keys REPLICA IDENTITY USING INDEX idempotency_keys_pkey;

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_sid_key UNIQUE (sid);

ALTER TABLE ONLY public.nodes
    ADD CONSTRAINT nodes_pkey PRIMARY KEY (name, generation);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_sid_key UNIQUE (sid);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_tenant_id_key UNIQUE (tenant_id);

ALTER TABLE ONLY public.settings REPLICA IDENTITY USING INDEX settings_tenant_id_key;

ALTER TABLE ONLY public.tenant_moves
    ADD CONSTRAINT tenant_moves_pkey PRIMARY KEY (tenant);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_api_key_hash_key UNIQUE (api_key_hash);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_custom_domain_key UNIQUE (custom_domain);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_retiring_api_key_hash_key UNIQUE (retiring_api_key_hash);

ALTER TABLE ONLY public.usage_flushes
    ADD CONSTRAINT usage_flushes_pkey PRIMARY KEY (memory);

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_rounds
    ADD CONSTRAINT usage_rounds_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_tenant_id_day_key UNIQUE (tenant_id, day);

ALTER TABLE ONLY public.usage REPLICA IDENTITY USING INDEX usage_tenant_id_day_key;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tenant_migration.backfilled_created_at
    ADD CONSTRAINT backfilled_created_at_pkey PRIMARY KEY (relation, id);

ALTER TABLE ONLY tenant_migration.step
    ADD CONSTRAINT step_pkey PRIMARY KEY (id);

CREATE INDEX audit_action_created_at_idx ON public.audit USING btree (action, created_at, id);

CREATE INDEX audit_action_idx ON public.audit USING btree (action, id);

CREATE INDEX audit_created_at_idx ON public.audit USING btree (created_at, id);

CREATE INDEX audit_kind_created_at_idx ON public.audit USING btree (kind, created_at, id);

CREATE INDEX audit_kind_idx ON public.audit USING btree (kind, id);

CREATE INDEX audit_tenant_action_created_at_idx ON public.audit USING btree (tenant_id, action, created_at, id);

CREATE INDEX audit_tenant_action_idx ON public.audit USING btree (tenant_id, action, id);

CREATE INDEX audit_tenant_actor_created_at_idx ON public.audit USING btree (tenant_id, actor, created_at, id);

CREATE INDEX audit_tenant_actor_idx ON public.audit USING btree (tenant_id, actor, id);

CREATE INDEX audit_tenant_created_at_idx ON public.audit USING btree (tenant_id, created_at, id);

CREATE UNIQUE INDEX audit_tenant_id_key ON public.audit USING btree (tenant_id, id);

CREATE INDEX audit_tenant_kind_created_at_idx ON public.audit USING btree (tenant_id, kind, created_at, id);

CREATE INDEX audit_tenant_kind_idx ON public.audit USING btree (tenant_id, kind, id);

CREATE INDEX audit_tenant_row_id_created_at_idx ON public.audit USING btree (tenant_id, row_id, created_at, id);

CREATE INDEX audit_tenant_row_id_idx ON public.audit USING btree (tenant_id, row_id, id);

CREATE INDEX calls_tenant_created_at_idx ON public.calls USING btree (tenant_id, created_at, id);

CREATE INDEX calls_tenant_direction_created_at_idx ON public.calls USING btree (tenant_id, direction, created_at, id) WHERE (direction IS NOT NULL);

CREATE INDEX calls_tenant_direction_idx ON public.calls USING btree (tenant_id, direction, id) WHERE (direction IS NOT NULL);

CREATE INDEX calls_tenant_from_number_created_at_idx ON public.calls USING btree (tenant_id, from_number, created_at, id);

CREATE INDEX calls_tenant_from_number_idx ON public.calls USING btree (tenant_id, from_number, id);

CREATE UNIQUE INDEX calls_tenant_id_key ON public.calls USING btree (tenant_id, id);

ALTER TABLE ONLY public.calls REPLICA IDENTITY USING INDEX calls_tenant_id_key;

CREATE INDEX calls_tenant_parent_call_sid_created_at_idx ON public.calls USING btree (tenant_id, parent_call_sid, created_at, id) WHERE (parent_call_sid IS NOT NULL);

CREATE INDEX calls_tenant_parent_call_sid_idx ON public.calls USING btree (tenant_id, parent_call_sid, id) WHERE (parent_call_sid IS NOT NULL);

CREATE INDEX calls_tenant_status_created_at_idx ON public.calls USING btree (tenant_id, status, created_at, id);

CREATE INDEX calls_tenant_status_idx ON public.calls USING btree (tenant_id, status, id);

CREATE INDEX calls_tenant_to_number_created_at_idx ON public.calls USING btree (tenant_id, to_number, created_at, id);

CREATE INDEX calls_tenant_to_number_idx ON public.calls USING btree (tenant_id, to_number, id);

CREATE INDEX idempotency_keys_kept_at_idx ON public.idempotency_keys USING btree (kept_at);

CREATE INDEX messages_tenant_created_at_idx ON public.messages USING btree (tenant_id, created_at, id);

CREATE INDEX messages_tenant_direction_created_at_idx ON public.messages USING btree (tenant_id, direction, created_at, id) WHERE (direction IS NOT NULL);

CREATE INDEX messages_tenant_direction_idx ON public.messages USING btree (tenant_id, direction, id) WHERE (direction IS NOT NULL);

CREATE INDEX messages_tenant_error_code_created_at_idx ON public.messages USING btree (tenant_id, error_code, created_at, id) WHERE (error_code IS NOT NULL);

CREATE INDEX messages_tenant_error_code_idx ON public.messages USING btree (tenant_id, error_code, id) WHERE (error_code IS NOT NULL);

CREATE INDEX messages_tenant_from_number_created_at_idx ON public.messages USING btree (tenant_id, from_number, created_at, id);

CREATE INDEX messages_tenant_from_number_idx ON public.messages USING btree (tenant_id, from_number, id);

CREATE UNIQUE INDEX messages_tenant_id_key ON public.messages USING btree (tenant_id, id);

ALTER TABLE ONLY public.messages REPLICA IDENTITY USING INDEX messages_tenant_id_key;

CREATE INDEX messages_tenant_status_created_at_idx ON public.messages USING btree (tenant_id, status, created_at, id);

CREATE INDEX messages_tenant_status_idx ON public.messages USING btree (tenant_id, status, id);

CREATE INDEX messages_tenant_to_number_created_at_idx ON public.messages USING btree (tenant_id, to_number, created_at, id);

CREATE INDEX messages_tenant_to_number_idx ON public.messages USING btree (tenant_id, to_number, id);

CREATE UNIQUE INDEX products_tenant_id_key ON public.products USING btree (tenant_id, id);

ALTER TABLE ONLY public.products REPLICA IDENTITY USING INDEX products_tenant_id_key;

CREATE INDEX products_tenant_name_idx ON public.products USING btree (tenant_id, name, id);

CREATE INDEX recordings_tenant_call_sid_created_at_idx ON public.recordings USING btree (tenant_id, call_sid, created_at, id);

CREATE INDEX recordings_tenant_call_sid_idx ON public.recordings USING btree (tenant_id, call_sid, id);

CREATE INDEX recordings_tenant_created_at_idx ON public.recordings USING btree (tenant_id, created_at, id);

CREATE INDEX recordings_tenant_duration_created_at_idx ON public.recordings USING btree (tenant_id, duration, created_at, id);

CREATE INDEX recordings_tenant_duration_idx ON public.recordings USING btree (tenant_id, duration, id);

CREATE UNIQUE INDEX recordings_tenant_id_key ON public.recordings USING btree (tenant_id, id);

ALTER TABLE ONLY public.recordings REPLICA IDENTITY USING INDEX recordings_tenant_id_key;

CREATE INDEX recordings_tenant_status_created_at_idx ON public.recordings USING btree (tenant_id, status, created_at, id) WHERE (status IS NOT NULL);

CREATE INDEX recordings_tenant_status_idx ON public.recordings USING btree (tenant_id, status, id) WHERE (status IS NOT NULL);

CREATE INDEX tenants_custom_domain_idx ON public.tenants USING btree (custom_domain, id);

CREATE INDEX tenants_name_idx ON public.tenants USING btree (name, id);

CREATE INDEX tenants_status_idx ON public.tenants USING btree (status, id);

CREATE INDEX tenants_twilio_account_sid_idx ON public.tenants USING btree (twilio_account_sid, id) WHERE (twilio_account_sid IS NOT NULL);

CREATE INDEX usage_day_id_idx ON public.usage USING btree (day, id);

CREATE INDEX usage_removed_day_idx ON public.usage_removed USING btree (day);

CREATE INDEX usage_removed_tenant_day_idx ON public.usage_removed USING btree (tenant, day);

CREATE INDEX usage_tenant_id_day_id_idx ON public.usage USING btree (tenant_id, day, id);

CREATE UNIQUE INDEX usage_tenant_id_id_idx ON public.usage USING btree (tenant_id, id);

CREATE INDEX users_tenant_created_at_idx ON public.users USING btree (tenant_id, (
CASE
    WHEN (created_at IS NULL) THEN '-infinity'::timestamp with time zone
    ELSE created_at
END), id);

CREATE UNIQUE INDEX users_tenant_email_key ON public.users USING btree (tenant_id, lower((email COLLATE "und-x-icu")) COLLATE "C");

CREATE UNIQUE INDEX users_tenant_id_key ON public.users USING btree (tenant_id, id);

ALTER TABLE ONLY public.users REPLICA IDENTITY USING INDEX users_tenant_id_key;

CREATE INDEX users_tenant_updated_at_created_at_idx ON public.users USING btree (tenant_id, updated_at, (
CASE
    WHEN (created_at IS NULL) THEN '-infinity'::timestamp with time zone
    ELSE created_at
END), id);

CREATE INDEX users_tenant_updated_at_idx ON public.users USING btree (tenant_id, updated_at, id);

CREATE TRIGGER audit_change AFTER DELETE ON public.calls REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_removed('{sid}');

CREATE TRIGGER audit_change AFTER DELETE ON public.messages REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_removed('{sid}');

CREATE TRIGGER audit_change AFTER DELETE ON public.products REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_removed('{}');

CREATE TRIGGER audit_change AFTER DELETE ON public.recordings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_removed('{sid}');

CREATE TRIGGER audit_change AFTER INSERT OR DELETE OR UPDATE ON public.settings FOR EACH ROW EXECUTE FUNCTION public.audit_change('{id,tenant_id,auto_record_calls}');

CREATE TRIGGER audit_change AFTER INSERT OR DELETE OR UPDATE ON public.tenants FOR EACH ROW EXECUTE FUNCTION public.audit_change('{id,name,status,custom_domain,twilio_account_sid,twilio_api_key_sid,twilio_phone_number,twilio_auth_token_previous_until,retiring_api_key_expires_at,rate_limit}');

CREATE TRIGGER audit_change AFTER INSERT OR DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.audit_change('{id,tenant_id,email}');

CREATE TRIGGER audit_purged AFTER DELETE ON public.audit REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_purged();

CREATE TRIGGER audit_refuse BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

CREATE TRIGGER audit_rehash AFTER UPDATE ON public.users FOR EACH ROW WHEN ((CURRENT_USER = 'tenant_lookup'::name)) EXECUTE FUNCTION public.audit_change('{id,tenant_id,email}', 'rehash_password');

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.calls FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.messages FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.products FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.recordings FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.settings FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.tenants FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncate AFTER TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change();

CREATE TRIGGER audit_truncated AFTER TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_purged();

CREATE TRIGGER audit_update AFTER UPDATE ON public.users FOR EACH ROW WHEN ((CURRENT_USER <> 'tenant_lookup'::name)) EXECUTE FUNCTION public.audit_change('{id,tenant_id,email}');

CREATE TRIGGER tenant_changed_delete AFTER DELETE ON public.tenants REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_changed();

CREATE TRIGGER tenant_changed_insert AFTER INSERT ON public.tenants REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_changed();

CREATE TRIGGER tenant_changed_replicated AFTER INSERT OR DELETE OR UPDATE ON public.tenants FOR EACH ROW EXECUTE FUNCTION public.tenant_replicated();

ALTER TABLE public.tenants ENABLE REPLICA TRIGGER tenant_changed_replicated;

CREATE TRIGGER tenant_changed_truncate AFTER TRUNCATE ON public.tenants FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_changed();

ALTER TABLE public.tenants ENABLE ALWAYS TRIGGER tenant_changed_truncate;

CREATE TRIGGER tenant_changed_update AFTER UPDATE ON public.tenants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_changed();

CREATE TRIGGER tenant_login_changed_delete AFTER DELETE ON public.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_login_changed();

CREATE TRIGGER tenant_login_changed_insert AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_login_changed();

CREATE TRIGGER tenant_login_changed_replicated AFTER INSERT OR DELETE OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.tenant_login_replicated();

ALTER TABLE public.users ENABLE REPLICA TRIGGER tenant_login_changed_replicated;

CREATE TRIGGER tenant_login_changed_truncate AFTER TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_login_changed();

ALTER TABLE public.users ENABLE ALWAYS TRIGGER tenant_login_changed_truncate;

CREATE TRIGGER tenant_login_changed_update AFTER UPDATE ON public.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tenant_login_changed();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.calls FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.messages FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.products FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.recordings FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.settings FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.tenants FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.usage FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_row_version BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.tenant_row_version();

CREATE TRIGGER tenant_token_grace BEFORE INSERT OR UPDATE ON public.tenants FOR EACH ROW WHEN (((new.twilio_auth_token_previous IS NOT NULL) OR (new.twilio_auth_token_previous_until IS NOT NULL))) EXECUTE FUNCTION public.tenant_token_grace();

CREATE TRIGGER usage_removed AFTER DELETE ON public.calls REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.usage_note_removed();

CREATE TRIGGER usage_removed AFTER DELETE ON public.messages REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.usage_note_removed();

CREATE TRIGGER usage_removed AFTER DELETE ON public.recordings REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.usage_note_removed();

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.tenant_moves
    ADD CONSTRAINT tenant_moves_tenant_fkey FOREIGN KEY (tenant) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_removed
    ADD CONSTRAINT usage_removed_tenant_fkey FOREIGN KEY (tenant) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT usage_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) ON DELETE CASCADE;

ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.calls ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.products ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.recordings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.settings ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON public.audit TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.calls TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.idempotency_keys TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.messages TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.products TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.recordings TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.settings TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.tenants TO tenant_api USING ((id = public.tenant_context())) WITH CHECK ((id = public.tenant_context()));

CREATE POLICY tenant ON public.usage TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant ON public.users TO tenant_api USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant_admin ON public.audit TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.calls TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.idempotency_keys TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.messages TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.products TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.recordings TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.settings TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.tenants TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.usage TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_admin ON public.users TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_audit ON public.audit FOR INSERT TO tenant_lookup WITH CHECK (true);

CREATE POLICY tenant_key_rotation ON public.tenants FOR UPDATE TO tenant_lookup USING (true) WITH CHECK (true);

CREATE POLICY tenant_login_rehash ON public.users FOR UPDATE TO tenant_lookup USING ((tenant_id = public.tenant_context())) WITH CHECK ((tenant_id = public.tenant_context()));

CREATE POLICY tenant_lookup ON public.calls FOR SELECT TO tenant_lookup USING (true);

CREATE POLICY tenant_lookup ON public.idempotency_keys FOR SELECT TO tenant_lookup USING ((kept_at <= (now() - '1 day'::interval)));

CREATE POLICY tenant_lookup ON public.messages FOR SELECT TO tenant_lookup USING (true);

CREATE POLICY tenant_lookup ON public.recordings FOR SELECT TO tenant_lookup USING (true);

CREATE POLICY tenant_lookup ON public.tenants FOR SELECT TO tenant_lookup USING (true);

CREATE POLICY tenant_lookup ON public.usage TO tenant_lookup USING (true) WITH CHECK (true);

CREATE POLICY tenant_lookup ON public.users FOR SELECT TO tenant_lookup USING (true);

CREATE POLICY tenant_owner ON public.audit TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.calls TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.idempotency_keys TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.messages TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.products TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.recordings TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.settings TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.tenants TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.usage TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_owner ON public.users TO tenant_owner USING (true) WITH CHECK (true);

CREATE POLICY tenant_purge ON public.idempotency_keys FOR DELETE TO tenant_lookup USING ((kept_at <= (now() - '1 day'::interval)));

ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.usage ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

GRANT ALL ON SCHEMA public TO tenant_owner WITH GRANT OPTION;
GRANT USAGE ON SCHEMA public TO tenant_api;
GRANT USAGE ON SCHEMA public TO tenant_admin;
GRANT USAGE ON SCHEMA public TO tenant_lookup;

REVOKE ALL ON FUNCTION public.audit_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_purged() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_removed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.idempotency_purge(tenant_id integer, id text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.idempotency_purge(tenant_id integer, id text) TO tenant_api;

REVOKE ALL ON FUNCTION public.node_ended(name text, generation bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.node_ended(name text, generation bigint) TO tenant_api;

REVOKE ALL ON FUNCTION public.node_seen(name text, generation bigint, version text, keys text[], primary_keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.node_seen(name text, generation bigint, version text, keys text[], primary_keys text[]) TO tenant_api;

REVOKE ALL ON FUNCTION public.tenant_by_host(host text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_by_host(host text) TO tenant_api;

REVOKE ALL ON FUNCTION public.tenant_by_key(hashes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_by_key(hashes text[]) TO tenant_api;

REVOKE ALL ON FUNCTION public.tenant_move_guard() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenant_rate_limit(tenant_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_rate_limit(tenant_id integer) TO tenant_api;

REVOKE ALL ON FUNCTION public.tenant_rotate_key(tenant_id integer, hashes text[], new_hash text, grace_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_rotate_key(tenant_id integer, hashes text[], new_hash text, grace_seconds integer) TO tenant_api;

REVOKE ALL ON FUNCTION public.tenant_rotated_key(tenant_id integer, hashes text[], new_hashes text[], grace_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_rotated_key(tenant_id integer, hashes text[], new_hashes text[], grace_seconds integer) TO tenant_api;

REVOKE ALL ON PROCEDURE public.tenant_table_check(IN resource regclass) FROM PUBLIC;

REVOKE ALL ON PROCEDURE public.tenant_table_identity(IN resource regclass) FROM PUBLIC;

REVOKE ALL ON PROCEDURE public.tenant_table_secure(IN resource regclass, IN filterable name[], IN write_once name[], IN secret name[]) FROM PUBLIC;

REVOKE ALL ON PROCEDURE public.tenant_table_version(IN resource regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenants_by_account(sid text, tenant_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenants_by_account(sid text, tenant_id integer) TO tenant_api;

REVOKE ALL ON FUNCTION public.usage_add(memory bigint, number bigint, tenants integer[], days integer[], requests bigint[], rows_written bigint[], bytes_out bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_add(memory bigint, number bigint, tenants integer[], days integer[], requests bigint[], rows_written bigint[], bytes_out bigint[]) TO tenant_api;

REVOKE ALL ON FUNCTION public.usage_count(pause interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage_count(pause interval) TO tenant_api;

REVOKE ALL ON FUNCTION public.usage_count_tenants(tenants integer[], since date) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.usage_note_removed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.user_by_email(tenant_id integer, email text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_by_email(tenant_id integer, email text) TO tenant_api;

REVOKE ALL ON FUNCTION public.user_id_by_email(tenant_id integer, email text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_id_by_email(tenant_id integer, email text) TO tenant_api;

REVOKE ALL ON FUNCTION public.user_rehash(id text, former text, present text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_rehash(id text, former text, present text) TO tenant_api;

GRANT SELECT ON TABLE public.audit TO tenant_api;
GRANT SELECT ON TABLE public.audit TO tenant_admin;
GRANT INSERT ON TABLE public.audit TO tenant_lookup;

GRANT SELECT ON SEQUENCE public.audit_id_seq TO tenant_admin;

GRANT SELECT,DELETE ON TABLE public.calls TO tenant_api;
GRANT SELECT ON TABLE public.calls TO tenant_admin;

GRANT INSERT(sid) ON TABLE public.calls TO tenant_api;
GRANT INSERT(sid) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(tenant_id) ON TABLE public.calls TO tenant_api;
GRANT INSERT(tenant_id) ON TABLE public.calls TO tenant_admin;
GRANT SELECT(tenant_id) ON TABLE public.calls TO tenant_lookup;

GRANT INSERT(from_number),UPDATE(from_number) ON TABLE public.calls TO tenant_api;
GRANT INSERT(from_number),UPDATE(from_number) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(to_number),UPDATE(to_number) ON TABLE public.calls TO tenant_api;
GRANT INSERT(to_number),UPDATE(to_number) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(status),UPDATE(status) ON TABLE public.calls TO tenant_api;
GRANT INSERT(status),UPDATE(status) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(created_at) ON TABLE public.calls TO tenant_api;
GRANT SELECT(created_at) ON TABLE public.calls TO tenant_lookup;

GRANT INSERT(direction),UPDATE(direction) ON TABLE public.calls TO tenant_api;
GRANT INSERT(direction),UPDATE(direction) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(duration),UPDATE(duration) ON TABLE public.calls TO tenant_api;
GRANT INSERT(duration),UPDATE(duration) ON TABLE public.calls TO tenant_admin;
GRANT SELECT(duration) ON TABLE public.calls TO tenant_lookup;

GRANT INSERT(parent_call_sid),UPDATE(parent_call_sid) ON TABLE public.calls TO tenant_api;
GRANT INSERT(parent_call_sid),UPDATE(parent_call_sid) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(answered_at),UPDATE(answered_at) ON TABLE public.calls TO tenant_api;
GRANT INSERT(answered_at),UPDATE(answered_at) ON TABLE public.calls TO tenant_admin;

GRANT INSERT(ended_at),UPDATE(ended_at) ON TABLE public.calls TO tenant_api;
GRANT INSERT(ended_at),UPDATE(ended_at) ON TABLE public.calls TO tenant_admin;

GRANT USAGE ON SEQUENCE public.calls_id_seq TO tenant_api;
GRANT SELECT,USAGE ON SEQUENCE public.calls_id_seq TO tenant_admin;

GRANT DELETE ON TABLE public.idempotency_keys TO tenant_lookup;

GRANT SELECT(xmin) ON TABLE public.idempotency_keys TO tenant_api;
GRANT SELECT(xmin) ON TABLE public.idempotency_keys TO tenant_admin;

GRANT SELECT(tenant_id),INSERT(tenant_id) ON TABLE public.idempotency_keys TO tenant_api;
GRANT SELECT(tenant_id) ON TABLE public.idempotency_keys TO tenant_admin;
GRANT SELECT(tenant_id) ON TABLE public.idempotency_keys TO tenant_lookup;

GRANT SELECT(id),INSERT(id) ON TABLE public.idempotency_keys TO tenant_api;
GRANT SELECT(id) ON TABLE public.idempotency_keys TO tenant_admin;
GRANT SELECT(id) ON TABLE public.idempotency_keys TO tenant_lookup;

GRANT SELECT(fingerprint),INSERT(fingerprint) ON TABLE public.idempotency_keys TO tenant_api;
GRANT SELECT(fingerprint) ON TABLE public.idempotency_keys TO tenant_admin;

GRANT SELECT(answer),INSERT(answer) ON TABLE public.idempotency_keys TO tenant_api;
GRANT SELECT(answer) ON TABLE public.idempotency_keys TO tenant_admin;

GRANT SELECT(kept_at),INSERT(kept_at) ON TABLE public.idempotency_keys TO tenant_api;
GRANT SELECT(kept_at) ON TABLE public.idempotency_keys TO tenant_admin;
GRANT SELECT(kept_at) ON TABLE public.idempotency_keys TO tenant_lookup;

GRANT SELECT,DELETE ON TABLE public.messages TO tenant_api;
GRANT SELECT ON TABLE public.messages TO tenant_admin;

GRANT INSERT(sid) ON TABLE public.messages TO tenant_api;
GRANT INSERT(sid) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(tenant_id) ON TABLE public.messages TO tenant_api;
GRANT INSERT(tenant_id) ON TABLE public.messages TO tenant_admin;
GRANT SELECT(tenant_id) ON TABLE public.messages TO tenant_lookup;

GRANT INSERT(from_number),UPDATE(from_number) ON TABLE public.messages TO tenant_api;
GRANT INSERT(from_number),UPDATE(from_number) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(to_number),UPDATE(to_number) ON TABLE public.messages TO tenant_api;
GRANT INSERT(to_number),UPDATE(to_number) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(status),UPDATE(status) ON TABLE public.messages TO tenant_api;
GRANT INSERT(status),UPDATE(status) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(created_at) ON TABLE public.messages TO tenant_api;
GRANT SELECT(created_at) ON TABLE public.messages TO tenant_lookup;

GRANT INSERT(body),UPDATE(body) ON TABLE public.messages TO tenant_api;
GRANT INSERT(body),UPDATE(body) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(direction),UPDATE(direction) ON TABLE public.messages TO tenant_api;
GRANT INSERT(direction),UPDATE(direction) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(error_code),UPDATE(error_code) ON TABLE public.messages TO tenant_api;
GRANT INSERT(error_code),UPDATE(error_code) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(num_media),UPDATE(num_media) ON TABLE public.messages TO tenant_api;
GRANT INSERT(num_media),UPDATE(num_media) ON TABLE public.messages TO tenant_admin;

GRANT INSERT(media),UPDATE(media) ON TABLE public.messages TO tenant_api;
GRANT INSERT(media),UPDATE(media) ON TABLE public.messages TO tenant_admin;

GRANT USAGE ON SEQUENCE public.messages_id_seq TO tenant_api;
GRANT SELECT,USAGE ON SEQUENCE public.messages_id_seq TO tenant_admin;

GRANT SELECT ON TABLE public.nodes TO tenant_admin;
GRANT SELECT,DELETE ON TABLE public.nodes TO tenant_lookup;

GRANT INSERT(name) ON TABLE public.nodes TO tenant_lookup;

GRANT INSERT(generation) ON TABLE public.nodes TO tenant_lookup;

GRANT INSERT(version) ON TABLE public.nodes TO tenant_lookup;

GRANT INSERT(keys) ON TABLE public.nodes TO tenant_lookup;

GRANT INSERT(primary_keys) ON TABLE public.nodes TO tenant_lookup;

GRANT UPDATE(seen_at) ON TABLE public.nodes TO tenant_lookup;

GRANT SELECT,DELETE ON TABLE public.products TO tenant_api;
GRANT SELECT ON TABLE public.products TO tenant_admin;

GRANT INSERT(name),UPDATE(name) ON TABLE public.products TO tenant_api;

GRANT INSERT(description),UPDATE(description) ON TABLE public.products TO tenant_api;

GRANT INSERT(tenant_id) ON TABLE public.products TO tenant_api;

GRANT USAGE ON SEQUENCE public.products_id_seq TO tenant_api;
GRANT SELECT ON SEQUENCE public.products_id_seq TO tenant_admin;

GRANT SELECT,DELETE ON TABLE public.recordings TO tenant_api;
GRANT SELECT ON TABLE public.recordings TO tenant_admin;

GRANT INSERT(sid) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(sid) ON TABLE public.recordings TO tenant_admin;

GRANT INSERT(tenant_id) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(tenant_id) ON TABLE public.recordings TO tenant_admin;
GRANT SELECT(tenant_id) ON TABLE public.recordings TO tenant_lookup;

GRANT INSERT(call_sid),UPDATE(call_sid) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(call_sid),UPDATE(call_sid) ON TABLE public.recordings TO tenant_admin;

GRANT INSERT(url),UPDATE(url) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(url),UPDATE(url) ON TABLE public.recordings TO tenant_admin;

GRANT INSERT(duration),UPDATE(duration) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(duration),UPDATE(duration) ON TABLE public.recordings TO tenant_admin;
GRANT SELECT(duration) ON TABLE public.recordings TO tenant_lookup;

GRANT INSERT(created_at) ON TABLE public.recordings TO tenant_api;
GRANT SELECT(created_at) ON TABLE public.recordings TO tenant_lookup;

GRANT INSERT(status),UPDATE(status) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(status),UPDATE(status) ON TABLE public.recordings TO tenant_admin;

GRANT INSERT(channels),UPDATE(channels) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(channels),UPDATE(channels) ON TABLE public.recordings TO tenant_admin;

GRANT INSERT(source),UPDATE(source) ON TABLE public.recordings TO tenant_api;
GRANT INSERT(source),UPDATE(source) ON TABLE public.recordings TO tenant_admin;

GRANT USAGE ON SEQUENCE public.recordings_id_seq TO tenant_api;
GRANT SELECT,USAGE ON SEQUENCE public.recordings_id_seq TO tenant_admin;

GRANT SELECT ON TABLE public.settings TO tenant_api;
GRANT SELECT ON TABLE public.settings TO tenant_admin;

GRANT INSERT(tenant_id) ON TABLE public.settings TO tenant_api;

GRANT INSERT(auto_record_calls),UPDATE(auto_record_calls) ON TABLE public.settings TO tenant_api;

GRANT USAGE ON SEQUENCE public.settings_id_seq TO tenant_api;
GRANT SELECT ON SEQUENCE public.settings_id_seq TO tenant_admin;

GRANT SELECT(tenant) ON TABLE public.tenant_moves TO tenant_admin;
GRANT SELECT(tenant) ON TABLE public.tenant_moves TO tenant_lookup;

GRANT SELECT(id) ON TABLE public.tenant_moves TO tenant_admin;

GRANT SELECT(side) ON TABLE public.tenant_moves TO tenant_admin;

GRANT SELECT(state) ON TABLE public.tenant_moves TO tenant_admin;
GRANT SELECT(state) ON TABLE public.tenant_moves TO tenant_lookup;

GRANT SELECT(answer) ON TABLE public.tenant_moves TO tenant_admin;
GRANT SELECT(answer),UPDATE(answer) ON TABLE public.tenant_moves TO tenant_lookup;

GRANT SELECT(started_at) ON TABLE public.tenant_moves TO tenant_admin;

GRANT SELECT(ended_at) ON TABLE public.tenant_moves TO tenant_admin;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenants TO tenant_admin;

GRANT SELECT(xmin) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(id) ON TABLE public.tenants TO tenant_lookup;
GRANT SELECT(id) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(name) ON TABLE public.tenants TO tenant_lookup;
GRANT SELECT(name),UPDATE(name) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(status) ON TABLE public.tenants TO tenant_lookup;
GRANT SELECT(status) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(api_key_hash),UPDATE(api_key_hash) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(custom_domain) ON TABLE public.tenants TO tenant_lookup;
GRANT SELECT(custom_domain) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(twilio_account_sid),UPDATE(twilio_account_sid) ON TABLE public.tenants TO tenant_api;
GRANT SELECT(twilio_account_sid) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(twilio_auth_token),UPDATE(twilio_auth_token) ON TABLE public.tenants TO tenant_api;
GRANT SELECT(twilio_auth_token) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(twilio_api_key_sid),UPDATE(twilio_api_key_sid) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(twilio_api_key_secret),UPDATE(twilio_api_key_secret) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(twilio_phone_number),UPDATE(twilio_phone_number) ON TABLE public.tenants TO tenant_api;
GRANT SELECT(twilio_phone_number) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(retiring_api_key_hash),UPDATE(retiring_api_key_hash) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(retiring_api_key_expires_at),UPDATE(retiring_api_key_expires_at) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(twilio_auth_token_previous) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(twilio_auth_token_previous_until),UPDATE(twilio_auth_token_previous_until) ON TABLE public.tenants TO tenant_api;
GRANT SELECT(twilio_auth_token_previous_until) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT(row_version) ON TABLE public.tenants TO tenant_api;

GRANT SELECT(rate_limit) ON TABLE public.tenants TO tenant_lookup;

GRANT SELECT,USAGE ON SEQUENCE public.tenants_id_seq TO tenant_admin;

GRANT SELECT,INSERT ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(id) ON TABLE public.usage TO tenant_api;
GRANT SELECT(id) ON TABLE public.usage TO tenant_admin;

GRANT SELECT(tenant_id) ON TABLE public.usage TO tenant_api;
GRANT SELECT(tenant_id) ON TABLE public.usage TO tenant_admin;

GRANT SELECT(day) ON TABLE public.usage TO tenant_api;
GRANT SELECT(day) ON TABLE public.usage TO tenant_admin;

GRANT SELECT(requests) ON TABLE public.usage TO tenant_api;
GRANT SELECT(requests) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(requests) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(rows_written) ON TABLE public.usage TO tenant_api;
GRANT SELECT(rows_written) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(rows_written) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(bytes_out) ON TABLE public.usage TO tenant_api;
GRANT SELECT(bytes_out) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(bytes_out) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(calls) ON TABLE public.usage TO tenant_api;
GRANT SELECT(calls) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(calls) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(call_seconds) ON TABLE public.usage TO tenant_api;
GRANT SELECT(call_seconds) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(call_seconds) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(messages) ON TABLE public.usage TO tenant_api;
GRANT SELECT(messages) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(messages) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(recordings) ON TABLE public.usage TO tenant_api;
GRANT SELECT(recordings) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(recordings) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(recording_seconds) ON TABLE public.usage TO tenant_api;
GRANT SELECT(recording_seconds) ON TABLE public.usage TO tenant_admin;
GRANT UPDATE(recording_seconds) ON TABLE public.usage TO tenant_lookup;

GRANT SELECT(row_version) ON TABLE public.usage TO tenant_api;
GRANT SELECT(row_version) ON TABLE public.usage TO tenant_admin;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_flushes TO tenant_lookup;

GRANT SELECT ON SEQUENCE public.usage_id_seq TO tenant_admin;
GRANT USAGE ON SEQUENCE public.usage_id_seq TO tenant_lookup;

GRANT SELECT,INSERT,DELETE ON TABLE public.usage_removed TO tenant_lookup;

GRANT SELECT,UPDATE ON TABLE public.usage_rounds TO tenant_lookup;

GRANT DELETE ON TABLE public.users TO tenant_api;

GRANT SELECT(xmin) ON TABLE public.users TO tenant_api;
GRANT SELECT(xmin) ON TABLE public.users TO tenant_admin;

GRANT SELECT(id) ON TABLE public.users TO tenant_lookup;
GRANT SELECT(id),INSERT(id) ON TABLE public.users TO tenant_api;
GRANT SELECT(id) ON TABLE public.users TO tenant_admin;

GRANT SELECT(email) ON TABLE public.users TO tenant_lookup;
GRANT SELECT(email),INSERT(email),UPDATE(email) ON TABLE public.users TO tenant_api;
GRANT SELECT(email) ON TABLE public.users TO tenant_admin;

GRANT SELECT(password_hash),UPDATE(password_hash) ON TABLE public.users TO tenant_lookup;
GRANT INSERT(password_hash),UPDATE(password_hash) ON TABLE public.users TO tenant_api;

GRANT SELECT(created_at),INSERT(created_at) ON TABLE public.users TO tenant_api;
GRANT SELECT(created_at) ON TABLE public.users TO tenant_admin;

GRANT SELECT(updated_at),INSERT(updated_at),UPDATE(updated_at) ON TABLE public.users TO tenant_api;
GRANT SELECT(updated_at) ON TABLE public.users TO tenant_admin;

GRANT SELECT(tenant_id) ON TABLE public.users TO tenant_lookup;
GRANT SELECT(tenant_id),INSERT(tenant_id) ON TABLE public.users TO tenant_api;
GRANT SELECT(tenant_id) ON TABLE public.users TO tenant_admin;

GRANT SELECT(row_version) ON TABLE public.users TO tenant_api;
GRANT SELECT(row_version) ON TABLE public.users TO tenant_admin;

ALTER DEFAULT PRIVILEGES FOR ROLE tenant_owner IN SCHEMA public GRANT SELECT ON SEQUENCES  TO tenant_admin;

