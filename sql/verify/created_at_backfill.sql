-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:created_at_backfill on pg

SELECT 1 / (NOT EXISTS (SELECT FROM calls WHERE created_at IS NULL))::integer;
SELECT 1 / (NOT EXISTS (SELECT FROM messages WHERE created_at IS NULL))::integer;
SELECT 1 / (NOT EXISTS (SELECT FROM recordings WHERE created_at IS NULL))::integer;
