-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:nodes from pg

BEGIN;
SET LOCAL lock_timeout = '2s';
DROP FUNCTION node_seen(text, bigint, text, text[], text[]), node_ended(text, bigint);
DROP TABLE nodes;
COMMIT;
