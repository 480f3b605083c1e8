-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:messages to pg

BEGIN;
SET LOCAL lock_timeout = '2s';

SELECT to_regclass('public.messages') IS NULL AS missing \gset
\if :missing
CREATE TABLE messages (
  id serial PRIMARY KEY,
  sid varchar(34) UNIQUE NOT NULL,
  tenant_id integer NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  from_number varchar(20),
  to_number varchar(20),
  status varchar(20),
  created_at timestamptz DEFAULT now(),
  body text
);
CALL tenant_migration.record('messages', 'messages', 'DROP TABLE messages', 'SELECT id FROM messages');
\else
-- The pre-check has found all of its columns and keys.
CALL tenant_migration.lock_tables('messages', 'tenants');
CALL tenant_migration.add_tenant_key('messages', 'messages');
\endif

COMMIT;
