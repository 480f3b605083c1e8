-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:products on pg

SELECT id, name, description FROM products WHERE false;
