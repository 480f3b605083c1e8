-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:force_row_security on pg

SELECT 1 / (count(*) = 7)::integer
  FROM pg_class
 WHERE oid IN ('tenants'::regclass, 'calls'::regclass, 'messages'::regclass, 'recordings'::regclass,
               'settings'::regclass, 'products'::regclass, 'users'::regclass)
   AND relforcerowsecurity;
