-- SPDX-License-Identifier: Apache-2.0
-- A tenant with many calls, whose lists may take long. Variables: key_hash, calls.

SET client_min_messages = warning;
DELETE FROM tenants WHERE name = 'Flooder';
INSERT INTO tenants (name, status, api_key_hash) VALUES ('Flooder', 'active', :'key_hash')
RETURNING id AS flooder \gset
INSERT INTO calls (sid, tenant_id, from_number, to_number, status, created_at)
SELECT 'CA' || md5('flooder:' || c), :flooder, '+1212555' || lpad((hashint4(c) & 8191)::text, 4, '0'), '+12025550000',
       'completed', timestamptz '2026-01-01 00:00 UTC' + c * interval '1 minute'
  FROM generate_series(1, :calls) c;
VACUUM ANALYZE calls;
