-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenant_id_fkeys to pg
--
-- Checks the rows from before each foreign key. Holds up no writer, so it is not part of the change that made the key;
-- one transaction each, so that a second attempt goes on where the first one ended.

ALTER TABLE calls VALIDATE CONSTRAINT calls_tenant_id_fkey;
ALTER TABLE messages VALIDATE CONSTRAINT messages_tenant_id_fkey;
ALTER TABLE recordings VALIDATE CONSTRAINT recordings_tenant_id_fkey;
ALTER TABLE settings VALIDATE CONSTRAINT settings_tenant_id_fkey;
ALTER TABLE products VALIDATE CONSTRAINT products_tenant_id_fkey;
ALTER TABLE users VALIDATE CONSTRAINT users_tenant_id_fkey;
