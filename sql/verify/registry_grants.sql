-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:registry_grants on pg

SELECT 1 / (has_table_privilege('tenant_api', :'registry' || '.changes', 'SELECT')
            AND has_table_privilege('tenant_admin', :'registry' || '.changes', 'SELECT'))::integer;
