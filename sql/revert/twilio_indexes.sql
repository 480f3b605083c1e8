-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:twilio_indexes from pg
--
-- DROP INDEX CONCURRENTLY holds up no writer, and cannot run in a transaction.

SET lock_timeout = 0;
SELECT undo FROM tenant_migration.step WHERE change = 'twilio_indexes' ORDER BY id DESC \gexec
DELETE FROM tenant_migration.step WHERE change = 'twilio_indexes';
