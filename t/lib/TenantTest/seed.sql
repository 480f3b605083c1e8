-- SPDX-License-Identifier: Apache-2.0
-- The tenants of the test sites and some rows of each, the same in every site. Variables: the hash of each
-- tenant's API key. Sids differ from tenant to tenant in their first digit: 1 acme, 2 globex, 3 closed.

BEGIN;

INSERT INTO tenants (name, status, custom_domain, api_key_hash) VALUES
    ('acme', 'active', 'acme.example.com', :'acme'),
    ('globex', 'active', 'globex.example.com', :'globex'),
    ('closed', 'inactive', 'closed.example.com', :'closed');

INSERT INTO calls (sid, tenant_id, from_number, to_number, status, created_at, direction, duration, parent_call_sid,
                   answered_at, ended_at)
SELECT format('CA%s%s', t.id, lpad(n::text, 31, '0')), t.id, '+1202555' || lpad(n::text, 4, '0'), '+12025550100',
       'completed', timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute', 'outbound-dial', n,
       format('CA%s%s', t.id, lpad('0', 31, 'a')), timestamptz '2026-01-01 00:00:05Z' + n * interval '1 minute',
       timestamptz '2026-01-01 00:00:05Z' + n * interval '61 seconds'
  FROM tenants t, generate_series(1, 25) n
 ORDER BY n, t.id;

INSERT INTO messages (sid, tenant_id, from_number, to_number, body, status, created_at, direction, error_code, num_media, media)
SELECT format('SM%s%s', t.id, lpad(n::text, 31, '0')), t.id, '+1202555' || lpad(n::text, 4, '0'), '+12025550100',
       'message ' || n || ' of ' || t.name, 'delivered', timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute',
       'outbound-api', 30000 + n, 1, '[{"url":"https://media.example.com/1","type":"image/png"}]'
  FROM tenants t, generate_series(1, 25) n
 ORDER BY n, t.id;

INSERT INTO recordings (sid, tenant_id, call_sid, url, duration, created_at, status, channels, source)
SELECT format('RE%s%s', t.id, lpad(n::text, 31, '0')), t.id, format('CA%s%s', t.id, lpad(n::text, 31, '0')),
       'https://media.example.com/' || n, 10 * n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute',
       'completed', 2, 'DialVerb'
  FROM tenants t, generate_series(1, 25) n
 ORDER BY n, t.id;

INSERT INTO products (name, description, tenant_id)
SELECT format('product %s of %s', n, t.name), 'description ' || n, t.id
  FROM tenants t, generate_series(1, 25) n
 ORDER BY n, t.id;

INSERT INTO users (id, email, created_at, updated_at, tenant_id)
SELECT format('0000000%s-0000-4000-8000-%s', t.id, lpad(n::text, 12, '0')), format('user%s@%s.example.com', n, t.name),
       timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute', timestamptz '2026-01-01 00:00:00Z', t.id
  FROM tenants t, generate_series(1, 25) n
 ORDER BY n, t.id;

INSERT INTO usage (tenant_id, day, requests, rows_written, bytes_out, calls, call_seconds, messages, recordings, recording_seconds)
SELECT t.id, date '2026-01-01' + n, 100 + n, n, 1000 * n, n, 60 * n, 2 * n, 1, 30
  FROM tenants t, generate_series(1, 25) n
 ORDER BY n, t.id;

-- acme has settings, globex none yet.
INSERT INTO settings (tenant_id, auto_record_calls) SELECT id, true FROM tenants WHERE name = 'acme';

COMMIT;
ANALYZE;
