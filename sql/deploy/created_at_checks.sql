-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:created_at_checks to pg
--
-- Lists go by created_at and id: a NULL or an infinite time would be lost between two pages. Unchecked for the rows
-- that there are, so that no new ones of that kind come while created_at_backfill mends the old ones.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings', 'users');
CALL tenant_migration.add_constraint('created_at_checks', 'calls', 'calls_created_at_check',
                                     'CHECK (created_at IS NOT NULL AND isfinite(created_at)) NOT VALID');
CALL tenant_migration.add_constraint('created_at_checks', 'messages', 'messages_created_at_check',
                                     'CHECK (created_at IS NOT NULL AND isfinite(created_at)) NOT VALID');
CALL tenant_migration.add_constraint('created_at_checks', 'recordings', 'recordings_created_at_check',
                                     'CHECK (created_at IS NOT NULL AND isfinite(created_at)) NOT VALID');
CALL tenant_migration.add_constraint('created_at_checks', 'users', 'users_created_at_check',
                                     'CHECK (isfinite(created_at)) NOT VALID');
CALL tenant_migration.add_constraint('created_at_checks', 'users', 'users_updated_at_check',
                                     'CHECK (isfinite(updated_at)) NOT VALID');
COMMIT;
