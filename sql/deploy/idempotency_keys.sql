-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:idempotency_keys to pg
--
-- Answers to POSTs that came with an Idempotency-Key, for a day, so that a second one is answered alike and writes nothing.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants');

-- id: the collection and the key, `calls/KEY`. fingerprint: of the body, `PEPPER:HASH`, a hash that is keyed by that pepper of
-- the key file. answer: the members of the row as it was answered and its xmin; there is no password or secret among them.
CREATE TABLE idempotency_keys (
  tenant_id integer NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id text NOT NULL,
  fingerprint text NOT NULL,
  answer jsonb NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT now()
);
CALL tenant_table_secure('idempotency_keys', write_once => '{fingerprint,answer,kept_at}');
REVOKE DELETE ON idempotency_keys FROM tenant_api;
-- By the name of this index the module knows that another request has been first.
ALTER TABLE idempotency_keys
  ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY USING INDEX idempotency_keys_tenant_id_id_idx;
CREATE INDEX idempotency_keys_kept_at_idx ON idempotency_keys (kept_at);

GRANT SELECT (tenant_id, id, kept_at), DELETE ON idempotency_keys TO tenant_lookup;
CREATE POLICY tenant_lookup ON idempotency_keys FOR SELECT TO tenant_lookup USING (kept_at <= now() - interval '1 day');
CREATE POLICY tenant_purge ON idempotency_keys FOR DELETE TO tenant_lookup USING (kept_at <= now() - interval '1 day');

-- Removes what is older than a day: that one request, where it is, so that its key is free again, and up to 1,000 of all
-- tenants, the oldest first. One call at a time does the latter, so that they never wait for each other. tenant_lookup can
-- neither see nor remove any other row.
CREATE FUNCTION idempotency_purge(tenant_id integer, id text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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

REVOKE ALL ON FUNCTION idempotency_purge(integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idempotency_purge(integer, text) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION idempotency_purge(integer, text) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;

-- A table that ANALYZE has found empty is scanned as a whole, by plans that connections keep. Emptied it is of unknown size
-- again, but not within the transaction that made it.
TRUNCATE idempotency_keys;
