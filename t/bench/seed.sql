-- SPDX-License-Identifier: Apache-2.0
-- Tenants and their calls, in the order of tenants so that the ids of each are dense. Variables: tenants, how many;
-- measured, how many of them, evenly spread, get one of the key hashes in standard input and as many calls as the
-- variable calls says. The others get 9 or 10.

SET client_min_messages = warning;
SET maintenance_work_mem = '1GB';
SET synchronous_commit = off;
SET session_replication_role = replica;  -- no foreign keys, no notifications: the rows below are right

CREATE TEMP TABLE hash (n serial, api_key_hash text);
\copy hash (api_key_hash) FROM pstdin

INSERT INTO tenants (id, name, status, api_key_hash)
SELECT t, 'Tenant ' || t, 'active', coalesce(h.api_key_hash, '1:' || md5('a' || t) || md5('b' || t))
  FROM generate_series(1, :tenants) t
  LEFT JOIN hash h ON t = (h.n - 1) * (:tenants / :measured) + 1;
SELECT setval('tenants_id_seq', :tenants) \g /dev/null

-- An index that is made of all rows at once takes a fraction of the time, and is as compact as can be.
CREATE TEMP TABLE later AS
SELECT format('ALTER TABLE calls DROP CONSTRAINT %I', conname) AS away,
       format('ALTER TABLE calls ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS back
  FROM pg_constraint WHERE conrelid = 'calls'::regclass AND contype IN ('p', 'u')
UNION ALL
SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
  FROM pg_index i
 WHERE i.indrelid = 'calls'::regclass
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'));
SELECT away FROM later \gexec

INSERT INTO calls (sid, tenant_id, from_number, to_number, status, created_at)
SELECT 'CA' || md5(t || ':' || c), t, '+1212555' || lpad((hashint4(t + c) & 8191)::text, 4, '0'),
       '+1202555' || lpad((t % 10000)::text, 4, '0'),
       ('{completed,completed,completed,busy,no-answer,failed}'::text[])[1 + (hashint4(c * 7 + t) & 1023) % 6],
       timestamptz '2026-01-01 00:00 UTC' + (c * interval '37 minutes')
  FROM generate_series(1, :tenants) t,
       generate_series(1, CASE WHEN (t - 1) % (:tenants / :measured) = 0 THEN :calls ELSE 9 + t % 2 END) c;

SELECT back FROM later \gexec
CALL tenant_table_identity('calls');    -- went with its index
RESET session_replication_role;
VACUUM ANALYZE;
CHECKPOINT;
