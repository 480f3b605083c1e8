-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:usage from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DO $$
BEGIN
  IF EXISTS (SELECT FROM usage) THEN
    RAISE EXCEPTION 'cannot revert usage: the rows of usage would be lost' USING HINT = 'Export them, then TRUNCATE usage.';
  END IF;
END
$$;
DROP FUNCTION usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[]);
DROP TABLE usage_flushes, usage;
COMMIT;
