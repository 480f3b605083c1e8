-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:tenant_context from pg

BEGIN;
DROP FUNCTION tenant_context();
COMMIT;
