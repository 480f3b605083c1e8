-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:recordings to pg

BEGIN;
SET LOCAL lock_timeout = '2s';

SELECT to_regclass('public.recordings') IS NULL AS missing \gset
\if :missing
CREATE TABLE recordings (
  id serial PRIMARY KEY,
  sid varchar(34) UNIQUE NOT NULL,
  tenant_id integer NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  call_sid varchar(34),
  url text,
  duration integer,
  created_at timestamptz DEFAULT now()
);
CALL tenant_migration.record('recordings', 'recordings', 'DROP TABLE recordings', 'SELECT id FROM recordings');
\else
-- The pre-check has found all of its columns and keys.
CALL tenant_migration.lock_tables('recordings', 'tenants');
CALL tenant_migration.add_tenant_key('recordings', 'recordings');
\endif

COMMIT;
