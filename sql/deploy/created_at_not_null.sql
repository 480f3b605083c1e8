-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:created_at_not_null to pg

-- Checking the rows holds up no writer. SET NOT NULL then takes the constraint's word for it instead of reading them.
ALTER TABLE calls VALIDATE CONSTRAINT calls_created_at_check;
ALTER TABLE messages VALIDATE CONSTRAINT messages_created_at_check;
ALTER TABLE recordings VALIDATE CONSTRAINT recordings_created_at_check;
ALTER TABLE users VALIDATE CONSTRAINT users_created_at_check;
ALTER TABLE users VALIDATE CONSTRAINT users_updated_at_check;

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings');
CALL tenant_migration.set_not_null('created_at_not_null', 'calls', 'created_at');
CALL tenant_migration.set_not_null('created_at_not_null', 'messages', 'created_at');
CALL tenant_migration.set_not_null('created_at_not_null', 'recordings', 'created_at');
COMMIT;
