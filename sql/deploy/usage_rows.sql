-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:usage_rows to pg
--
-- Of usage what rows tell, their number and their seconds: usage_count() counts the rows of today and yesterday, or since all were
-- last counted. So what is written costs nothing more. Only who removes rows notes that, in usage_removed: a day keeps what it had.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- What was removed of days that are still counted. Its column is not named tenant_id: it is nobody's to read.
CREATE TABLE usage_removed (
  tenant integer NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  day date NOT NULL,
  calls bigint NOT NULL DEFAULT 0,
  call_seconds bigint NOT NULL DEFAULT 0,
  messages bigint NOT NULL DEFAULT 0,
  recordings bigint NOT NULL DEFAULT 0,
  recording_seconds bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE usage_removed IS 'Rows that were removed, of days that are still counted';
CREATE INDEX ON usage_removed (tenant, day);
CREATE INDEX ON usage_removed (day);
GRANT SELECT, INSERT, DELETE ON usage_removed TO tenant_lookup;

-- How far the rows have been counted: the tenants up to next_tenant in this round; all, when the last one to end began. spent: how
-- long the round has taken.
CREATE TABLE usage_rounds (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  next_tenant integer NOT NULL DEFAULT 0,
  began_at timestamptz NOT NULL DEFAULT '-infinity',
  spent interval NOT NULL DEFAULT '0',
  counted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE usage_rounds IS 'How far the rows of tenants have been counted';
INSERT INTO usage_rounds DEFAULT VALUES;
GRANT SELECT, UPDATE ON usage_rounds TO tenant_lookup;

GRANT SELECT (tenant_id, created_at, duration) ON calls, recordings TO tenant_lookup;
GRANT SELECT (tenant_id, created_at) ON messages TO tenant_lookup;

-- Counts the rows of some tenants, from the day `since` to today: what they are, and what they were until they were removed.
CREATE FUNCTION usage_count_tenants(tenants integer[], since date)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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

-- Counts the rows of all tenants, round after round, a few tenants at a time, for about a second: the next call goes on. A round
-- begins no sooner than `pause` after the one before, nor than it takes for that to be a sixtieth of the time. One session does so at
-- a time. Tenants whose rows take longer than a statement may are left out of the round, with a warning.
CREATE FUNCTION usage_count(pause interval)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
    tenants := ARRAY(SELECT t.id FROM public.tenants t WHERE t.id > state.next_tenant ORDER BY t.id LIMIT portion);
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

-- What is removed with its tenant is noted nowhere.
CREATE FUNCTION usage_note_removed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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

REVOKE ALL ON FUNCTION usage_count(interval), usage_count_tenants(integer[], date), usage_note_removed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_count(interval) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION usage_count(interval) OWNER TO tenant_lookup;
ALTER FUNCTION usage_count_tenants(integer[], date) OWNER TO tenant_lookup;
ALTER FUNCTION usage_note_removed() OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

-- Last, so that these tables are locked for no longer than the catalogue takes.
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings');
DO $$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY '{calls,messages,recordings}'::text[] LOOP
    EXECUTE format('CREATE POLICY tenant_lookup ON %I FOR SELECT TO tenant_lookup USING (true)', relation);
    EXECUTE format('CREATE TRIGGER usage_removed AFTER DELETE ON %I REFERENCING OLD TABLE AS removed '
                   'FOR EACH STATEMENT EXECUTE FUNCTION usage_note_removed()', relation);
  END LOOP;
END
$$;

COMMIT;
