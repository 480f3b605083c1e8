-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenants_checks to pg
--
-- An id beyond 999999999 would be out of the reach of tenant_context().

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants');
CALL tenant_migration.add_constraint('tenants_checks', 'tenants', 'tenants_status_check',
                                     'CHECK (status IN (''active'', ''inactive''))');
CALL tenant_migration.add_constraint('tenants_checks', 'tenants', 'tenants_id_check',
                                     'CHECK (id BETWEEN 1 AND 999999999)');
COMMIT;
