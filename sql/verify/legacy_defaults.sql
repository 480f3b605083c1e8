-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:legacy_defaults on pg

SELECT 1 / (NOT EXISTS (
  SELECT FROM pg_attrdef d
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
   WHERE a.attrelid IN ('products'::regclass, 'users'::regclass)
     AND a.attname = 'tenant_id'
     AND pg_get_expr(d.adbin, d.adrelid) = tenant_migration.legacy_id()::text))::integer;
