-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:tenant_table_secure from pg

BEGIN;
DROP PROCEDURE tenant_table_secure(regclass, name[], name[], name[]);
DROP PROCEDURE tenant_table_check(regclass);
COMMIT;
