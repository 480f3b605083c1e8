-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:products to pg

BEGIN;
SET LOCAL lock_timeout = '2s';

SELECT to_regclass('public.products') IS NULL AS missing \gset
\if :missing
CREATE TABLE products (
  id serial PRIMARY KEY,
  name varchar,
  description text
);
CALL tenant_migration.record('products', 'products', 'DROP TABLE products', 'SELECT id FROM products');
\else
CALL tenant_migration.lock_tables('products');
CALL tenant_migration.add_column('products', 'products', 'name', 'varchar', 'name IS NULL');
CALL tenant_migration.add_column('products', 'products', 'description', 'text', 'description IS NULL');
\endif

COMMIT;
