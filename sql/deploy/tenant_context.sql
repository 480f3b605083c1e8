-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenant_context to pg
--
-- The tenant that a statement runs for: the setting mod_tenant.tenant_id, or NULL where that is unset, empty (as after
-- a local set_config), garbage or out of range. Neither SECURITY DEFINER nor SET, so that the planner inlines it.

BEGIN;
SET LOCAL lock_timeout = '2s';
CREATE FUNCTION tenant_context() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN current_setting('mod_tenant.tenant_id', true) ~ '^[1-9][0-9]{0,8}$'
       THEN current_setting('mod_tenant.tenant_id', true)::int END;
COMMIT;
