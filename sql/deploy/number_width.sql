-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:number_width to pg
--
-- A number may be a SIP address. Widening a varchar changes the catalogue only.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages');
CALL tenant_migration.set_type('number_width', 'calls', 'from_number', 'character varying(320)',
                               'SELECT id FROM calls WHERE length(from_number) > 20');
CALL tenant_migration.set_type('number_width', 'calls', 'to_number', 'character varying(320)',
                               'SELECT id FROM calls WHERE length(to_number) > 20');
CALL tenant_migration.set_type('number_width', 'messages', 'from_number', 'character varying(320)',
                               'SELECT id FROM messages WHERE length(from_number) > 20');
CALL tenant_migration.set_type('number_width', 'messages', 'to_number', 'character varying(320)',
                               'SELECT id FROM messages WHERE length(to_number) > 20');
COMMIT;
