-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:api_grants to pg
--
-- What the module may do. No column of a key of a row (id, tenant_id, sid) can be updated, no hash can be read, and ids
-- come from the sequences; users.id alone is the server's. xmin makes the ETag; a grant on columns has to name it.

BEGIN;
SET LOCAL lock_timeout = '2s';

GRANT SELECT (xmin, id, name, status, custom_domain, twilio_account_sid, twilio_auth_token, twilio_api_key_sid,
              twilio_api_key_secret, twilio_phone_number),
      UPDATE (name, twilio_account_sid, twilio_auth_token, twilio_api_key_sid, twilio_api_key_secret,
              twilio_phone_number)
   ON tenants TO tenant_api;

GRANT SELECT, DELETE,
      INSERT (sid, tenant_id, from_number, to_number, status, created_at),
      UPDATE (from_number, to_number, status)
   ON calls TO tenant_api;

GRANT SELECT, DELETE,
      INSERT (sid, tenant_id, from_number, to_number, status, created_at, body),
      UPDATE (from_number, to_number, status, body)
   ON messages TO tenant_api;

GRANT SELECT, DELETE,
      INSERT (sid, tenant_id, call_sid, url, duration, created_at),
      UPDATE (call_sid, url, duration)
   ON recordings TO tenant_api;

GRANT SELECT,
      INSERT (tenant_id, auto_record_calls),
      UPDATE (auto_record_calls)
   ON settings TO tenant_api;

GRANT SELECT, DELETE,
      INSERT (name, description, tenant_id),
      UPDATE (name, description)
   ON products TO tenant_api;

GRANT SELECT (xmin, id, tenant_id, email, created_at, updated_at), DELETE,
      INSERT (id, tenant_id, email, password_hash, created_at, updated_at),
      UPDATE (email, password_hash, updated_at)
   ON users TO tenant_api;

-- An identity column needs no grant on its sequence, a serial one does.
SELECT format('GRANT USAGE ON SEQUENCE %s TO tenant_api', tenant_migration.id_sequence(relation))
  FROM unnest(ARRAY['calls', 'messages', 'recordings', 'settings', 'products']::regclass[]) relation
 WHERE tenant_migration.id_sequence(relation) IS NOT NULL \gexec

COMMIT;
