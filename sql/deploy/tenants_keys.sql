-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:tenants_keys to pg
--
-- A rotated key stays good until retiring_api_key_expires_at. Keys are looked up by both hashes.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('tenants');
CALL tenant_migration.add_column('tenants_keys', 'tenants', 'retiring_api_key_hash', 'text', 'true');
CALL tenant_migration.add_column('tenants_keys', 'tenants', 'retiring_api_key_expires_at', 'timestamptz', 'true');
CALL tenant_migration.add_constraint('tenants_keys', 'tenants', 'tenants_api_key_hash_key', 'UNIQUE (api_key_hash)');
CALL tenant_migration.add_constraint('tenants_keys', 'tenants', 'tenants_retiring_api_key_hash_key',
                                     'UNIQUE (retiring_api_key_hash)');
COMMIT;
