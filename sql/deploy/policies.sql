-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:policies to pg
--
-- They take effect with row_security. Names and wording of `tenant` are what the module attests.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users');

CREATE POLICY tenant ON tenants TO tenant_api
  USING (id = tenant_context()) WITH CHECK (id = tenant_context());
CREATE POLICY tenant ON calls TO tenant_api
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
CREATE POLICY tenant ON messages TO tenant_api
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
CREATE POLICY tenant ON recordings TO tenant_api
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
CREATE POLICY tenant ON settings TO tenant_api
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
CREATE POLICY tenant ON products TO tenant_api
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
CREATE POLICY tenant ON users TO tenant_api
  USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());

CREATE POLICY tenant_admin ON tenants TO tenant_admin USING (true) WITH CHECK (true);
CREATE POLICY tenant_admin ON calls TO tenant_admin USING (true) WITH CHECK (true);
CREATE POLICY tenant_admin ON messages TO tenant_admin USING (true) WITH CHECK (true);
CREATE POLICY tenant_admin ON recordings TO tenant_admin USING (true) WITH CHECK (true);
CREATE POLICY tenant_admin ON settings TO tenant_admin USING (true) WITH CHECK (true);
CREATE POLICY tenant_admin ON products TO tenant_admin USING (true) WITH CHECK (true);
CREATE POLICY tenant_admin ON users TO tenant_admin USING (true) WITH CHECK (true);

CREATE POLICY tenant_lookup ON tenants FOR SELECT TO tenant_lookup USING (true);
CREATE POLICY tenant_lookup ON users FOR SELECT TO tenant_lookup USING (true);

COMMIT;
