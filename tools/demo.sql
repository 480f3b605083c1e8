-- SPDX-License-Identifier: Apache-2.0
-- Two tenants with a few hundred rows each. Variables: acme_host, acme_hash, globex_host, globex_hash.

BEGIN;
SELECT setseed(0.5) \g /dev/null

INSERT INTO tenants (name, status, custom_domain, api_key_hash, twilio_phone_number) VALUES
    ('Acme', 'active', :'acme_host', :'acme_hash', '+12025550100'),
    ('Globex', 'active', :'globex_host', :'globex_hash', '+12025550200');

CREATE FUNCTION pg_temp.any_of(choices text[]) RETURNS text LANGUAGE sql VOLATILE
RETURN choices[1 + floor(random() * cardinality(choices))];

CREATE FUNCTION pg_temp.caller() RETURNS text LANGUAGE sql VOLATILE
RETURN '+1' || pg_temp.any_of('{202,212,312,415,617}') || '555' || lpad((100 + floor(random() * 100))::text, 4, '0');

-- Deterministic, and different for each tenant and row.
CREATE FUNCTION pg_temp.sid(prefix text, tenant int, n bigint) RETURNS text LANGUAGE sql
RETURN prefix || md5(prefix || tenant || ':' || n);

INSERT INTO calls (sid, tenant_id, from_number, to_number, status, created_at)
SELECT pg_temp.sid('CA', t.id, n), t.id, pg_temp.caller(), t.twilio_phone_number,
       pg_temp.any_of('{completed,completed,completed,busy,no-answer,failed}'),
       now() - (301 - n) * interval '37 minutes'
  FROM tenants t, generate_series(1, 300) n
 ORDER BY n, t.id;

INSERT INTO messages (sid, tenant_id, from_number, to_number, body, status, created_at)
SELECT pg_temp.sid('SM', t.id, n), t.id, pg_temp.caller(), t.twilio_phone_number,
       pg_temp.any_of(ARRAY['Is my order on its way?', 'Thank you!', 'Please call me back.', 'Do you deliver on Saturday?',
                            'Wrong number, sorry.', 'The second parcel arrived today.']),
       pg_temp.any_of('{received,received,delivered,failed}'),
       now() - (301 - n) * interval '53 minutes'
  FROM tenants t, generate_series(1, 300) n
 ORDER BY n, t.id;

INSERT INTO recordings (sid, tenant_id, call_sid, url, duration, created_at)
SELECT pg_temp.sid('RE', c.tenant_id, c.id), c.tenant_id, c.sid,
       'https://media.example.com/recordings/' || c.sid || '.mp3', 20 + floor(random() * 600), c.created_at
  FROM calls c
 WHERE c.status = 'completed'
 ORDER BY c.id;

INSERT INTO products (name, description, tenant_id)
SELECT initcap(adjective || ' ' || noun), 'The ' || noun || ' that ' || t.name || ' is known for, in ' || adjective || '.',
       t.id
  FROM tenants t,
       unnest('{red,blue,heavy,light,folding,portable,electric,silent}'::text[]) adjective,
       unnest('{anvil,rocket,magnet,ladder,spring,trampoline,umbrella}'::text[]) noun
 ORDER BY noun, adjective, t.id;

INSERT INTO users (id, email, created_at, updated_at, tenant_id)
SELECT gen_random_uuid()::text, first || '.' || last || '@' || lower(t.name) || '.example', made, made, t.id
  FROM tenants t,
       unnest('{ada,alan,barbara,dennis,grace,ken,margaret,edsger}'::text[]) first,
       unnest('{miller,novak,okafor,silva,tanaka}'::text[]) last,
       LATERAL (SELECT now() - random() * interval '90 days' AS made) m;

INSERT INTO settings (tenant_id, auto_record_calls) SELECT id, true FROM tenants WHERE name = 'Acme';

COMMIT;
ANALYZE;
