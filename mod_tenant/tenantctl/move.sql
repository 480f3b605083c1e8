-- SPDX-License-Identifier: Apache-2.0
-- What moves a tenant to another database: which tables, how its writes are stopped, and how the other side takes over.

-- text here
-- $1 the tenant. Its name, status and domain; of its last move from or to this database: side, id, state, answer.
SELECT t.name::text, t.status::text, t.custom_domain::text, m.side, m.id::text, m.state, m.answer
  FROM public.tenants t
  LEFT JOIN public.tenant_moves m ON m.tenant = t.id
 WHERE t.id = $1::int

-- text schema
-- The Sqitch changes, as one text.
SELECT string_agg(change, ' ' ORDER BY change) FROM sqitch.changes WHERE project = 'mod_tenant'

-- text apart
-- Columns, with their types, of the tables whose rows go by no replication.
SELECT c.relname::text, (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attname COLLATE "C")
                           FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_catalog.pg_class c
 WHERE c.oid IN ('public.tenants'::regclass, 'public.usage'::regclass)
 ORDER BY 1

-- text tables
-- Each table with rows of tenants that are replicated: its name; the column that says whose a row is; its columns with their
-- types; what sums its rows up; which of them are compared; whether UPDATE and DELETE can be told of; what gives its ids; whether
-- writes of a tenant on its way are refused there; which rows go. A row's version stands for all of it. What proves in the audit
-- that a tenant was erased stays with the database that it was erased from. Not replicated are tenants, whose row
-- goes last, and usage, which both sides count up.
SELECT c.relname::text, k.key,
       (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attname COLLATE "C") FROM columns a WHERE a.attrelid = c.oid),
       CASE WHEN NOT has.version OR has.id IS NULL THEN
              format('coalesce(sum(hashtextextended(ROW(%s)::text, 0)::numeric), 0)::text',
                     (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C") FROM columns a WHERE a.attrelid = c.oid))
            WHEN has.id IN ('bigint', 'integer') THEN 'coalesce(bit_xor(hashint8extended(row_version, id)), 0)::text'
            ELSE 'coalesce(bit_xor(hashtextextended(id::text, row_version)), 0)::text' END,
       CASE c.relname WHEN 'idempotency_keys' THEN 'kept_at > $2::timestamptz - interval ''23 hours'''
                      WHEN 'usage_removed' THEN 'day >= ($2::timestamptz AT TIME ZONE ''UTC'')::date'
                      ELSE '$2::timestamptz IS NOT NULL' END,
       c.relreplident = 'f'
       OR EXISTS (SELECT FROM pg_catalog.pg_index i
                    JOIN columns a ON a.attrelid = c.oid AND a.attname = k.key AND a.attnum = ANY (i.indkey::int2[])
                   WHERE i.indrelid = c.oid
                     AND CASE c.relreplident WHEN 'i' THEN i.indisreplident WHEN 'd' THEN i.indisprimary ELSE false END),
       CASE WHEN has.id IS NOT NULL THEN pg_get_serial_sequence(format('public.%I', c.relname), 'id') END,
       CASE WHEN c.relname IN ('audit', 'usage_removed') THEN '' WHEN c.relname = 'idempotency_keys' THEN 'insert' ELSE 'insert,change' END,
       CASE c.relname WHEN 'audit' THEN 'action NOT IN (''begin_erase'', ''erase'')' ELSE 'true' END
  FROM pg_catalog.pg_class c
 CROSS JOIN LATERAL (SELECT CASE c.relname WHEN 'usage_removed' THEN 'tenant' ELSE 'tenant_id' END) k (key)
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM columns a WHERE a.attrelid = c.oid AND a.attname = 'row_version'),
                            (SELECT format_type(a.atttypid, NULL) FROM columns a WHERE a.attrelid = c.oid AND a.attname = 'id')) has (version, id)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname NOT IN ('tenants', 'usage')
   AND EXISTS (SELECT FROM columns a WHERE a.attrelid = c.oid AND a.attname = k.key AND (k.key = 'tenant_id' OR c.relname = 'usage_removed'))
 ORDER BY c.relname COLLATE "C"

-- text columns
-- Ahead of `tables`.
WITH columns AS (
  SELECT a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped)

-- text own-columns
-- Those of tenants, but for its id, as a list.
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
  FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = 'public.tenants'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'id'

-- text keys
-- Columns that no two rows of a table may have the same value in, whosever they are: table, whose, column, type.
SELECT c.relname::text, 'tenant_id', a.attname::text, format_type(a.atttypid, a.atttypmod)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
 WHERE i.indisunique AND i.indnkeyatts = 1 AND i.indexprs IS NULL AND i.indpred IS NULL AND a.attname <> 'tenant_id'
   AND c.relname NOT IN ('tenants', 'usage')
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute b WHERE b.attrelid = c.oid AND b.attname = 'tenant_id' AND NOT b.attisdropped)
 ORDER BY 1, 3

-- text fitness
-- What keeps this database from being a source: a sentence, or no row. $1: a name of a slot.
SELECT format('wal_level is %s: set it to logical in postgresql.conf and restart PostgreSQL', current_setting('wal_level'))
 WHERE current_setting('wal_level') <> 'logical'
 UNION ALL
SELECT 'PostgreSQL is older than 15, whose publications have no row filter' WHERE current_setting('server_version_num')::int < 150000
 UNION ALL
SELECT format('all %s replication slots are taken: raise max_replication_slots', current_setting('max_replication_slots'))
 WHERE (SELECT count(*) FROM pg_catalog.pg_replication_slots) >= current_setting('max_replication_slots')::int
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1)
 UNION ALL
SELECT 'it is a standby' WHERE pg_is_in_recovery()

-- text target-fitness
-- The same of a target.
SELECT format('the role %s is no superuser, which PostgreSQL 15 wants for a subscription', current_user)
 WHERE NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
 UNION ALL
SELECT 'PostgreSQL is older than 15' WHERE current_setting('server_version_num')::int < 150000
 UNION ALL
SELECT 'it is a standby' WHERE pg_is_in_recovery()
 UNION ALL
SELECT 'max_logical_replication_workers is too small: a move takes two' WHERE current_setting('max_logical_replication_workers')::int < 2

-- text key-ids
-- The keys that the tenant's values are made with: purpose and id. $1 the tenant.
SELECT DISTINCT purpose, id
  FROM (SELECT 'pepper', split_part(h, ':', 1)
          FROM public.tenants t, unnest(ARRAY[t.api_key_hash, CASE WHEN t.retiring_api_key_expires_at > now() THEN t.retiring_api_key_hash END]) h
         WHERE t.id = $1::int AND h ~ '^[1-9][0-9]*:'
         UNION ALL
        SELECT 'pepper', split_part(k.fingerprint, ':', 1) FROM public.idempotency_keys k WHERE k.tenant_id = $1::int AND k.fingerprint ~ '^[1-9][0-9]*:'
         UNION ALL
        SELECT 'seal', split_part(v, '.', 3)
          FROM public.tenants t, unnest(ARRAY[t.twilio_auth_token, t.twilio_auth_token_previous, t.twilio_api_key_secret]) v
         WHERE t.id = $1::int AND v ~ '^mt[0-9]+[.]') used (purpose, id)
 ORDER BY 1, 2

-- text begin
-- Notes a move at the source, unless it is noted; $1 the tenant. A tenant that came here has ended that move.
INSERT INTO public.tenant_moves AS m (tenant, id, side, state)
VALUES ($1::int, gen_random_uuid(), 'source', 'copying')
    ON CONFLICT (tenant) DO UPDATE
   SET id = EXCLUDED.id, side = 'source', state = 'copying', answer = NULL, started_at = now(), ended_at = NULL, tenant_row = NULL,
       portion = NULL, portions = 0
 WHERE m.side = 'target' AND m.state = 'done'

-- text receive-row
-- The tenant's row, not active. $1 its row as JSON. row_version and the rest stay, for triggers are off.
INSERT INTO public.tenants
SELECT * FROM jsonb_populate_record(NULL::public.tenants, $1::jsonb || '{"status": "inactive"}')

-- text receive-note
-- $1 the tenant, $2 the move
INSERT INTO public.tenant_moves (tenant, id, side, state, answer) VALUES ($1::int, $2::uuid, 'target', 'copying', 'moving')

-- text subscription
-- $1 its name, which is the slot's and the publication's too, $2 the source as the target's server reaches it, $3 whether the slot
-- is to be made: a target that has crashed on the way has left it.
SELECT format('CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %I WITH (synchronous_commit = ''local'', create_slot = %s)', $1::text, $2::text, $1::text, $3::text)

-- text copied
-- $1 the subscription. How many tables are not level yet, how many rows are copied, how often it has failed.
SELECT (SELECT count(*) FROM pg_catalog.pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate <> 'r')::text,
       (SELECT coalesce(sum(p.tuples_processed), 0) FROM pg_catalog.pg_stat_progress_copy p WHERE p.datname = current_database() AND p.command = 'COPY FROM')::text,
       (SELECT coalesce(sum(e.apply_error_count + e.sync_error_count), 0) FROM pg_catalog.pg_stat_subscription_stats e WHERE e.subid = s.oid)::text
  FROM pg_catalog.pg_subscription s
 WHERE s.subname = $1 AND s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())

-- text slot
-- $1 the slot: whether it can still be read from, and whether it is being read.
SELECT coalesce(wal_status, 'lost') <> 'lost', active
  FROM pg_catalog.pg_replication_slots
 WHERE slot_name = $1

-- text table-slots
-- By which a subscription copies a table, and which nobody reads now: as a list.
SELECT string_agg(quote_literal(slot_name), ', ' ORDER BY slot_name)
  FROM pg_catalog.pg_replication_slots
 WHERE slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$' AND database = current_database() AND NOT active

-- text mark
-- A place in the log behind all that is committed, which the target is to confirm.
SELECT pg_logical_emit_message(true, 'tenant_move', '')::text

-- text confirmed
-- $1 the slot, $2 such a place
SELECT confirmed_flush_lsn >= $2::pg_lsn FROM pg_catalog.pg_replication_slots WHERE slot_name = $1

-- text target-mark
-- The end of the target's log: behind all that is committed there.
SELECT pg_current_wal_flush_lsn()::text

-- text standbys
-- $1 such a place, $2 processes that do not count. The standbys that have not replayed as much: their processes, their names.
SELECT array_agg(r.pid)::text, string_agg(coalesce(nullif(r.application_name, ''), r.pid::text), ', ')
  FROM pg_catalog.pg_stat_replication r
 WHERE r.state = 'streaming' AND (r.replay_lsn >= $1::pg_lsn) IS NOT TRUE AND r.pid <> ALL (coalesce($2::int[], '{}'))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')

-- text close
-- The point behind which nothing is written here: from now on requests are told that the tenant has moved. $1 the tenant.
UPDATE public.tenant_moves m
   SET state = 'closed', answer = 'moved', tenant_row = to_jsonb(t)
  FROM public.tenants t
 WHERE m.tenant = $1::int AND t.id = m.tenant AND m.side = 'source' AND m.state = 'copying'
   AND EXISTS (SELECT FROM pg_catalog.pg_locks l
                WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND l.granted AND l.mode = 'ExclusiveLock'
                  AND l.classid = 'public.tenant_moves'::regclass AND l.objid = m.tenant::oid AND l.objsubid = 2)

-- text tell
-- $1 the tenant, $2 what has happened, $3 the move
INSERT INTO public.audit (tenant_id, action, kind, row_id, changes)
VALUES ($1::int, $2, 'tenants', $1::int::text, jsonb_build_object('move', jsonb_build_object('new', $3::text)))

-- text take-over
-- Makes the tenant the target's. $1 the tenant, $2 the move.
UPDATE public.tenant_moves SET state = 'done', answer = NULL, ended_at = now()
 WHERE tenant = $1::int AND id = $2::uuid AND side = 'target' AND state = 'copying'

-- text take-usage
-- Takes what the source has counted out of it, once the portion of before has been added at the target, which has added $2 of
-- them. What its servers tell later makes another portion. $1 the tenant.
WITH gone AS (
  DELETE FROM public.usage u
   USING public.tenant_moves m
   WHERE u.tenant_id = $1::int AND m.tenant = u.tenant_id AND m.side = 'source' AND m.answer = 'moved' AND m.portions = $2::int
  RETURNING u.*)
UPDATE public.tenant_moves m
   SET portions = m.portions + 1, portion = (SELECT jsonb_agg(to_jsonb(g)) FROM gone g)
 WHERE m.tenant = $1::int AND m.side = 'source' AND m.portions = $2::int AND EXISTS (SELECT FROM gone)

-- text add-usage
-- $1 the tenant, $2 the rows. What rows tell is counted anew here, of today and yesterday. Ids that another tenant's rows have here
-- are no reason to lose what is billed.
INSERT INTO public.usage AS u (id, tenant_id, day, requests, rows_written, bytes_out, calls, call_seconds, messages, recordings, recording_seconds, row_version)
SELECT CASE WHEN EXISTS (SELECT FROM public.usage o WHERE o.id = g.id) THEN nextval(pg_get_serial_sequence('public.usage', 'id')) ELSE g.id END,
       g.tenant_id, g.day, g.requests, g.rows_written, g.bytes_out, g.calls, g.call_seconds, g.messages, g.recordings, g.recording_seconds, g.row_version
  FROM jsonb_populate_recordset(NULL::public.usage, $2::jsonb) g
 WHERE g.tenant_id = $1::int
    ON CONFLICT (tenant_id, day) DO UPDATE
   SET requests = u.requests + EXCLUDED.requests, rows_written = u.rows_written + EXCLUDED.rows_written,
       bytes_out = u.bytes_out + EXCLUDED.bytes_out, calls = greatest(u.calls, EXCLUDED.calls),
       call_seconds = greatest(u.call_seconds, EXCLUDED.call_seconds), messages = greatest(u.messages, EXCLUDED.messages),
       recordings = greatest(u.recordings, EXCLUDED.recordings), recording_seconds = greatest(u.recording_seconds, EXCLUDED.recording_seconds)

-- text guards
-- $1 the tenant. The triggers that refuse its writes, each with its table; those of partitions go with the table's.
SELECT g.tgname::text, c.relname::text
  FROM pg_catalog.pg_trigger g
  JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid AND c.relnamespace = 'public'::regnamespace
 WHERE g.tgfoid = to_regprocedure('public.tenant_move_guard()') AND g.tgname IN ('tenant_move_insert_' || $1, 'tenant_move_change_' || $1)
   AND g.tgparentid = 0

-- text reopen
-- The source serves it again. $1 the tenant. Its row is as it was when it was closed.
UPDATE public.tenants t SET status = m.tenant_row ->> 'status'
  FROM public.tenant_moves m
 WHERE t.id = $1::int AND m.tenant = t.id AND m.side = 'source' AND m.state = 'closed'

-- text findings
-- What the doctor finds: what a move that was forgotten has left, and tables that give ids of different cells.
SELECT format('slot %s', slot_name),
       'is read by nobody, and keeps the log for ever: run tenantctl tenant move again, or with --abort, or drop it by pg_drop_replication_slot()'
  FROM pg_catalog.pg_replication_slots
 WHERE slot_name ~ '^(tenant_move_[0-9]+_[0-9a-f]{8}|pg_[0-9]+_sync_[0-9]+_[0-9]+)$' AND database = current_database() AND NOT active
 UNION ALL
SELECT format('subscription %s', s.subname), 'is of a move that has ended, or that nobody knows: drop it'
  FROM pg_catalog.pg_subscription s
 WHERE s.subname ~ '^tenant_move_[0-9]+_[0-9a-f]{8}$' AND s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   AND NOT EXISTS (SELECT FROM public.tenant_moves m WHERE format('tenant_move_%s_%s', m.tenant, left(m.id::text, 8)) = s.subname AND m.side = 'target' AND m.state = 'copying')
 UNION ALL
SELECT format('tenant %s', tenant), 'is closed here, and may not be served by its new cell: run tenantctl tenant move again, or with --abort'
  FROM public.tenant_moves
 WHERE side = 'source' AND state = 'closed'
 UNION ALL
SELECT format('tenant %s', tenant), 'has been on its way for more than a day: run tenantctl tenant move again, or with --abort'
  FROM public.tenant_moves
 WHERE state = 'copying' AND started_at < now() - interval '1 day'
 UNION ALL
SELECT 'sequences', format('grow by different numbers (%s): the ids of another cell may be the same; run tenantctl cell set',
                           string_agg(DISTINCT s.seqincrement::text, ', '))
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid AND c.relnamespace = 'public'::regnamespace
HAVING count(DISTINCT s.seqincrement) > 1
