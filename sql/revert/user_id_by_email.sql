-- SPDX-License-Identifier: Apache-2.0
-- Revert mod_tenant:user_id_by_email from pg

DROP FUNCTION user_id_by_email(integer, text);
