-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:key_rotation_replay from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP FUNCTION tenant_rotated_key(integer, text[], text[], integer);
COMMIT;
