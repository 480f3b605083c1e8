-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:usage to pg
--
-- What each tenant has used, by day (UTC), for bills. Servers add what they have counted, by usage_add().
-- tenant_api writes this by functions alone.

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE TABLE usage (
  id bigserial PRIMARY KEY,
  tenant_id integer NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  day date NOT NULL,
  requests bigint NOT NULL DEFAULT 0,
  rows_written bigint NOT NULL DEFAULT 0,
  bytes_out bigint NOT NULL DEFAULT 0,
  calls bigint NOT NULL DEFAULT 0,
  call_seconds bigint NOT NULL DEFAULT 0,
  messages bigint NOT NULL DEFAULT 0,
  recordings bigint NOT NULL DEFAULT 0,
  recording_seconds bigint NOT NULL DEFAULT 0,
  CONSTRAINT usage_tenant_id_day_key UNIQUE (tenant_id, day)
);
COMMENT ON TABLE usage IS 'What each tenant has used, by day (UTC)';
CALL tenant_table_secure('usage', filterable => '{day}');
-- A bill is no tenant's to write.
REVOKE INSERT, UPDATE, DELETE ON usage FROM tenant_api;
REVOKE INSERT (tenant_id, day, requests, rows_written, bytes_out, calls, call_seconds, messages, recordings, recording_seconds),
       UPDATE (day, requests, rows_written, bytes_out, calls, call_seconds, messages, recordings, recording_seconds)
    ON usage FROM tenant_api;
REVOKE USAGE ON SEQUENCE usage_id_seq FROM tenant_api;
-- The administrator's lists span tenants.
CREATE INDEX ON usage (day, id);
CREATE POLICY tenant_lookup ON usage TO tenant_lookup USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (requests, rows_written, bytes_out, calls, call_seconds, messages, recordings, recording_seconds)
   ON usage TO tenant_lookup;
GRANT USAGE ON SEQUENCE usage_id_seq TO tenant_lookup;

-- The number of the last portion that each server's memory has added: what it sends again, in doubt, is added once.
CREATE TABLE usage_flushes (
  memory bigint PRIMARY KEY,
  number bigint NOT NULL,
  flushed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE usage_flushes IS 'How far servers have added what they counted';
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_flushes TO tenant_lookup;

-- Adds what a server has counted: for each n, of tenants[n] on the day that is days[n] days after 1970-01-01. memory: whose
-- count it is; number: greater than that of what it has sent before. Whoever is no tenant any more has no bill.
CREATE FUNCTION usage_add(memory bigint, number bigint, tenants integer[], days integer[], requests bigint[], rows_written bigint[],
                          bytes_out bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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

REVOKE ALL ON FUNCTION usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[]) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[]) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
