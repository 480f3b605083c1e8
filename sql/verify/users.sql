-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:users on pg

SELECT id, email, password_hash, created_at, updated_at FROM users WHERE false;
